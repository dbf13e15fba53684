import { Popover } from '@base-ui/react/popover';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { useText } from '../text/text.tsx';
import { type Anchor, useChatActions } from './chat-actions.ts';
import emojiStyles from './emoji.module.css';
import { EmojiPanel } from './emoji-panel.tsx';

/** The ones that say most of what people answer with one sign. */
export const QUICK_REACTIONS = ['👍', '❤️', '😂', '😮', '😢', '🎉'] as const;

/** Any sign as an answer to a message. */
export function ReactionPicker({
  message,
  anchor,
  onClose,
}: {
  readonly message: MessageJson;
  readonly anchor: Anchor;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useText();
  const actions = useChatActions();
  return (
    <Popover.Root open onOpenChange={(open) => !open && onClose()}>
      <Popover.Portal>
        <Popover.Positioner anchor={anchor} sideOffset={4}>
          <Popover.Popup className={emojiStyles.popup} aria-label={t('chat.react')}>
            <div className={emojiStyles.quick}>
              {QUICK_REACTIONS.map((emoji) => (
                <button
                  key={emoji}
                  type="button"
                  className={emojiStyles.emoji}
                  aria-label={t('chat.react-with', { emoji })}
                  onClick={() => {
                    actions.react(message, emoji);
                    onClose();
                  }}
                >
                  {emoji}
                </button>
              ))}
            </div>
            <EmojiPanel
              onPick={(emoji) => {
                actions.react(message, emoji);
                onClose();
              }}
            />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
