import { Menu as Base } from '@base-ui/react/menu';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { Copy, CornerUpLeft, Info, Pencil, Reply, RotateCw, SmilePlus, Trash2, Undo2 } from 'lucide-react';
import { type ReactElement, useRef } from 'react';
import { useView } from '../connection/view.tsx';
import menuStyles from '../design/menu.module.css';
import { MenuItem, MenuPortal, MenuSeparator } from '../design/menu.tsx';
import { useText } from '../text/text.tsx';
import { type Anchor, isChangeable, isReactable, useChatActions } from './chat-actions.ts';
import styles from './message-menu.module.css';
import { rowById } from './quote.tsx';
import { QUICK_REACTIONS } from './reaction-picker.tsx';

/** What one can do with a message. The focus goes back to its row when nothing else takes it. */
export function MessageMenu({
  message: opened,
  anchor,
  onClose,
}: {
  readonly message: MessageJson;
  readonly anchor: Anchor;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useText();
  const actions = useChatActions();
  const shown = useView((state) => rowById(state.conversations.get(opened.chat)?.rows, opened.id));
  const isPending = useView(
    (state) => state.conversations.get(opened.chat)?.pending.some((each) => each.id === opened.id) ?? false,
  );
  const message = shown ?? opened;
  /** A choice that opens something of its own keeps this menu's end from closing it. */
  const isTaken = useRef(false);
  const take = (act: () => void) => () => {
    isTaken.current = true;
    act();
  };
  const canSay = actions.isOpen && !isPending;
  const changeable = canSay && isChangeable(message, Date.now());
  const reactable = canSay && isReactable(message);
  const hasText = message.kind === 'text' && !message.recalled;
  const icon = { size: 16, 'aria-hidden': true } as const;
  return (
    <Base.Root open modal={false} onOpenChange={(open) => !open && !isTaken.current && onClose()}>
      <MenuPortal>
        <Base.Positioner anchor={anchor} sideOffset={4} align="start">
          <Base.Popup
            className={menuStyles.popup}
            aria-label={t('chat.message-menu')}
            finalFocus={() => focusBack(message.id, isTaken.current)}
          >
            {reactable && (
              <Base.Group className={styles.quick} aria-label={t('chat.react')}>
                {QUICK_REACTIONS.map((emoji) => (
                  <Base.Item
                    key={emoji}
                    className={styles.emoji}
                    aria-label={t('chat.react-with', { emoji })}
                    onClick={() => actions.react(message, emoji)}
                  >
                    {emoji}
                  </Base.Item>
                ))}
                <Base.Item
                  className={styles.emoji}
                  aria-label={t('chat.react-more')}
                  onClick={take(() => actions.openReactions(message, anchor))}
                >
                  <SmilePlus {...icon} />
                </Base.Item>
              </Base.Group>
            )}
            {reactable && (
              <MenuItem
                icon={<Reply {...icon} />}
                onSelect={take(() => closeAnd(onClose, () => actions.reply(message)))}
              >
                {t('chat.reply')}
              </MenuItem>
            )}
            {message.replyTo !== null && (
              <MenuItem icon={<CornerUpLeft {...icon} />} onSelect={() => actions.jumpTo(message.replyTo ?? '')}>
                {t('chat.quote-jump')}
              </MenuItem>
            )}
            {hasText && (
              <MenuItem icon={<Copy {...icon} />} onSelect={() => actions.copy(message)}>
                {t('chat.copy')}
              </MenuItem>
            )}
            {changeable && (
              <MenuItem
                icon={<Pencil {...icon} />}
                onSelect={take(() => closeAnd(onClose, () => actions.edit(message)))}
              >
                {t('chat.edit')}
              </MenuItem>
            )}
            {actions.isOpen && message.state === 'refused' && (
              <MenuItem icon={<RotateCw {...icon} />} onSelect={() => actions.resend(message)}>
                {t('chat.retry')}
              </MenuItem>
            )}
            {!isPending && (
              <MenuItem icon={<Info {...icon} />} onSelect={take(() => actions.showDetails(message))}>
                {t('chat.details')}
              </MenuItem>
            )}
            <MenuSeparator />
            {changeable && (
              <MenuItem icon={<Undo2 {...icon} />} danger onSelect={take(() => actions.askRecall(message))}>
                {t('chat.recall')}
              </MenuItem>
            )}
            <MenuItem
              icon={<Trash2 {...icon} />}
              danger
              onSelect={() => (isPending ? actions.dropPending(message.id) : actions.remove(message))}
            >
              {t('chat.delete-here')}
            </MenuItem>
          </Base.Popup>
        </Base.Positioner>
      </MenuPortal>
    </Base.Root>
  );
}

function closeAnd(close: () => void, act: () => void): void {
  close();
  act();
}

/** @returns the row, unless what was chosen has taken the focus (the field, a dialog) */
function focusBack(id: string, isTaken: boolean): HTMLElement | false {
  if (isTaken) return false;
  return document.querySelector<HTMLElement>(`[data-chat] [data-row="${CSS.escape(id)}"]`) ?? false;
}
