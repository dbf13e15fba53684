import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { PendingMessage } from '@magpie/common/view/view-state.ts';
import { Ellipsis, Reply, SmilePlus } from 'lucide-react';
import type { ReactElement } from 'react';
import { IconButton } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import { isReactable, useChatActions } from './chat-actions.ts';
import styles from './row-tools.module.css';

/** Beside the row under the pointer; by keyboard the row's menu has them all. */
export function RowTools({
  message,
  pending,
}: {
  readonly message: MessageJson;
  readonly pending: PendingMessage | undefined;
}): ReactElement {
  const { t } = useText();
  const actions = useChatActions();
  const canReact = actions.isOpen && isReactable(message) && !pending;
  return (
    <span className={styles.tools}>
      {canReact && (
        <IconButton
          label={t('chat.react')}
          tabIndex={-1}
          onClick={(event) => actions.openReactions(message, event.currentTarget)}
        >
          <SmilePlus size={16} aria-hidden="true" />
        </IconButton>
      )}
      {canReact && (
        <IconButton label={t('chat.reply')} tabIndex={-1} onClick={() => actions.reply(message)}>
          <Reply size={16} aria-hidden="true" />
        </IconButton>
      )}
      <IconButton
        label={t('chat.more')}
        tabIndex={-1}
        aria-haspopup="menu"
        onClick={(event) => actions.openMenu(message, event.currentTarget)}
      >
        <Ellipsis size={16} aria-hidden="true" />
      </IconButton>
    </span>
  );
}
