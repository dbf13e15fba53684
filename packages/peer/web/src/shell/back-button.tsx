import { ArrowLeft } from 'lucide-react';
import type { ReactElement } from 'react';
import { useViewModel } from '../connection/view.tsx';
import { IconButton } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import styles from './back-button.module.css';
import { goTo, useNavigation } from './navigation.ts';

/** From what was chosen back to the list; only where the window is too narrow to show both. */
export function BackButton(): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const back = () => {
    if (useNavigation.getState().screen === 'none') view.closeChat();
    goTo({ screen: 'none', panel: 'none' });
  };
  return (
    <IconButton label={t('shell.back')} className={styles.back ?? ''} onClick={back}>
      <ArrowLeft size={20} aria-hidden="true" />
    </IconButton>
  );
}
