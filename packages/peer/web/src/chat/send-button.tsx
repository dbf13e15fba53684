import { Menu as Base } from '@base-ui/react/menu';
import { Check, ChevronDown, SendHorizontal } from 'lucide-react';
import type { ReactElement } from 'react';
import { IconButton } from '../design/button.tsx';
import menuStyles from '../design/menu.module.css';
import { MenuPortal } from '../design/menu.tsx';
import { setPreferences, usePreferences } from '../shell/preferences.ts';
import { useText } from '../text/text.tsx';
import styles from './composer.module.css';

/** Send, and beside it the choice of the key that sends. */
export function SendButton({
  ready,
  editing,
  onSend,
}: {
  readonly ready: boolean;
  readonly editing: boolean;
  readonly onSend: () => void;
}): ReactElement {
  const { t } = useText();
  const sendWith = usePreferences((preferences) => preferences.sendWith);
  return (
    <div className={styles.send}>
      <button
        type="button"
        className={styles.sendNow}
        disabled={!ready}
        aria-label={t(editing ? 'chat.save' : 'chat.send')}
        onClick={onSend}
      >
        {editing ? <Check size={18} aria-hidden="true" /> : <SendHorizontal size={18} aria-hidden="true" />}
      </button>
      <Base.Root modal={false}>
        <Base.Trigger
          render={
            <IconButton className={styles.sendHow ?? ''} label={t('chat.send-key')}>
              <ChevronDown size={14} aria-hidden="true" />
            </IconButton>
          }
        />
        <MenuPortal>
          <Base.Positioner sideOffset={6} align="end">
            <Base.Popup className={menuStyles.popup}>
              <Base.RadioGroup
                value={sendWith}
                onValueChange={(value: 'enter' | 'ctrl-enter') => setPreferences({ sendWith: value })}
              >
                <Choice value="enter">{t('chat.send-enter')}</Choice>
                <Choice value="ctrl-enter">{t('chat.send-ctrl-enter')}</Choice>
              </Base.RadioGroup>
            </Base.Popup>
          </Base.Positioner>
        </MenuPortal>
      </Base.Root>
    </div>
  );
}

function Choice({ value, children }: { readonly value: string; readonly children: string }): ReactElement {
  return (
    <Base.RadioItem className={menuStyles.item} value={value} closeOnClick>
      <span className={styles.tick}>
        <Base.RadioItemIndicator>
          <Check size={16} aria-hidden="true" />
        </Base.RadioItemIndicator>
      </span>
      {children}
    </Base.RadioItem>
  );
}
