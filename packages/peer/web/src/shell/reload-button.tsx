import { RotateCw } from 'lucide-react';
import type { ReactElement } from 'react';
import { useViewModel } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { useText } from '../text/text.tsx';

/** Loads the page anew; what is being written goes to the daemon first. */
export function ReloadButton(): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const reload = () => {
    view.flushDrafts();
    location.reload();
  };
  return (
    <Button look="primary" onClick={reload}>
      <RotateCw size={16} aria-hidden="true" />
      {t('shell.fault.do')}
    </Button>
  );
}
