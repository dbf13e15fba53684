import type { ReactElement } from 'react';
import { useAction } from '../connection/use-action.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { useText } from '../text/text.tsx';
import { MessageDetails } from './message-details.tsx';
import { MessageMenu } from './message-menu.tsx';
import { ReactionPicker } from './reaction-picker.tsx';
import type { Overlay } from './use-message-actions.ts';

/** The one thing that stands over the log: a row's menu, the choice of a reaction, a question, or details. */
export function MessageOverlays({
  overlay,
  who,
  onClose,
}: {
  readonly overlay: Overlay | undefined;
  readonly who: string;
  readonly onClose: () => void;
}): ReactElement | null {
  if (!overlay) return null;
  switch (overlay.type) {
    case 'menu':
      return <MessageMenu message={overlay.message} anchor={overlay.anchor} onClose={onClose} />;
    case 'reactions':
      return <ReactionPicker message={overlay.message} anchor={overlay.anchor} onClose={onClose} />;
    case 'recall':
      return <RecallDialog id={overlay.message.id} who={who} onClose={onClose} />;
    case 'details':
      return <MessageDetails message={overlay.message} who={who} onClose={onClose} />;
  }
}

function RecallDialog({
  id,
  who,
  onClose,
}: {
  readonly id: string;
  readonly who: string;
  readonly onClose: () => void;
}): ReactElement {
  const { t, errorText } = useText();
  const action = useAction();
  const recall = async () => {
    if (await action.run('message.recall', { id })) onClose();
  };
  return (
    <Dialog open title={t('chat.recall-title')} onClose={onClose}>
      <p>{t('chat.recall-means', { who })}</p>
      {action.error && <p role="alert">{t('chat.action-failed', { because: errorText(action.error) })}</p>}
      <DialogActions>
        <Button onClick={onClose}>{t('chat.cancel')}</Button>
        <Button look="danger" disabled={action.busy} onClick={() => void recall()}>
          {t('chat.recall')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
