import { Popover } from '@base-ui/react/popover';
import { Smile } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { IconButton } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import styles from './emoji.module.css';
import { EmojiPanel } from './emoji-panel.tsx';

/** Opens the emoji; one after the other can be chosen, Esc goes back to the field. */
export function EmojiButton({
  onPick,
  onClosed,
}: {
  readonly onPick: (emoji: string) => void;
  readonly onClosed: () => void;
}): ReactElement {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        if (!next) onClosed();
      }}
    >
      <Popover.Trigger
        render={
          <IconButton label={t('chat.emoji')}>
            <Smile size={20} aria-hidden="true" />
          </IconButton>
        }
      />
      <Popover.Portal>
        <Popover.Positioner side="top" align="start" sideOffset={8}>
          <Popover.Popup className={styles.popup} aria-label={t('chat.emoji')} finalFocus={false}>
            <EmojiPanel
              onPick={(emoji, more) => {
                onPick(emoji);
                if (more) return;
                setOpen(false);
                onClosed();
              }}
            />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
