import { useEffect } from 'react';
import { useLatestText } from '../text/text.tsx';
import { commandChat } from './commands.ts';
import { hasFiles } from './guard-drops.ts';
import { showToast } from './toast-list.ts';

/** Files cannot be sent yet: the conversation that is open says so, or else a card. */
export function useDroppedFiles(): void {
  const latest = useLatestText();
  useEffect(() => {
    const tell = (event: DragEvent): void => {
      if (!hasFiles(event) || commandChat({ type: 'files' })) return;
      const { t } = latest.current;
      showToast({ about: 'files', title: t('shell.drop.title'), text: t('shell.drop.text'), open: undefined });
    };
    window.addEventListener('drop', tell);
    return () => window.removeEventListener('drop', tell);
  }, [latest]);
}
