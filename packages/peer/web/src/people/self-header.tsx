import { Menu as Base } from '@base-ui/react/menu';
import type { AccountJson, PresenceJson } from '@magpie/common/rpc/schemas.ts';
import { Check, ChevronDown } from 'lucide-react';
import { type KeyboardEvent, type ReactElement, useRef, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView } from '../connection/view.tsx';
import { Avatar } from '../design/avatar.tsx';
import menuStyles from '../design/menu.module.css';
import { Menu } from '../design/menu.tsx';
import { PresenceDot } from '../design/presence-dot.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './self-header.module.css';

type Wish = PresenceJson['wish'];
const WISHES: readonly Wish[] = ['online', 'away', 'busy', 'invisible', 'offline'];
const STATUS_CODE_POINTS_MAX = 80;

/** Oneself, on top of the friend window: who, how one is, and a line for friends. */
export function SelfHeader(): ReactElement | null {
  const account = useView((state) => state.account);
  const presence = useView((state) => state.presence);
  if (!account) return null;
  return (
    <header className={styles.header}>
      <Avatar name={nameOf(account)} number={account.id} presence={presence && shownOf(presence)} />
      <div className={styles.words}>
        <div className={styles.line}>
          <span className={styles.name}>{nameOf(account)}</span>
          <span className={styles.number}>{account.id}</span>
        </div>
        {presence && <PresenceMenu presence={presence} />}
        {presence && <StatusLine presence={presence} />}
      </div>
    </header>
  );
}

function nameOf({ displayName, name }: AccountJson): string {
  return displayName || name;
}

/** Invisible looks like itself only to oneself; without a link to the server nobody sees anything but offline. */
function shownOf({ presence, wish }: PresenceJson): Wish {
  return wish === 'invisible' ? wish : presence;
}

function PresenceMenu({ presence }: { readonly presence: PresenceJson }): ReactElement {
  const { t } = useText();
  const { error, run } = useAction();
  const shown = shownOf(presence);
  const differs = shown !== presence.wish;
  return (
    <>
      <Menu
        trigger={
          <button type="button" className={styles.presence}>
            <PresenceDot presence={shown} />
            <span className="visually-hidden">{t('people.self.presence')} </span>
            {t(`people.be.${shown}`)}
            {differs && (
              <span className={styles.wish}>{t('people.self.wish', { wish: t(`people.be.${presence.wish}`) })}</span>
            )}
            <ChevronDown size={14} aria-hidden="true" />
          </button>
        }
      >
        <Base.RadioGroup
          value={presence.wish}
          onValueChange={(wish: Wish) => void run('presence.set', { presence: wish })}
        >
          {WISHES.map((wish) => (
            <Base.RadioItem key={wish} value={wish} closeOnClick className={`${menuStyles.item} ${styles.choice}`}>
              <PresenceDot presence={wish} />
              <span className={styles.choiceWords}>
                {t(`people.be.${wish}`)}
                <span className={styles.means}>{t(`people.be.${wish}-means`)}</span>
              </span>
              <Base.RadioItemIndicator>
                <Check size={16} aria-hidden="true" />
              </Base.RadioItemIndicator>
            </Base.RadioItem>
          ))}
        </Base.RadioGroup>
      </Menu>
      <Failure error={error} />
    </>
  );
}

/** A line for friends, edited where it stands: Enter or leaving keeps it, Esc does not. */
function StatusLine({ presence }: { readonly presence: PresenceJson }): ReactElement {
  const { t } = useText();
  const { error, run, busy } = useAction();
  const [text, setText] = useState<string>();
  const given = useRef(false);

  const save = async (typed: string) => {
    given.current = true;
    if (typed.trim() === presence.text) setText(undefined);
    else if (await run('presence.set', { presence: presence.wish, text: typed })) setText(undefined);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter') void save(event.currentTarget.value);
    else if (event.key === 'Escape') {
      event.stopPropagation();
      given.current = true;
      setText(undefined);
    }
  };

  if (text === undefined) {
    return (
      <button
        type="button"
        className={styles.status}
        onClick={() => {
          given.current = false;
          setText(presence.text);
        }}
      >
        <span className="visually-hidden">{t('people.self.status')}: </span>
        {presence.text || t('people.self.status-none')}
      </button>
    );
  }
  return (
    <>
      <input
        className={styles.input}
        aria-label={t('people.self.status')}
        value={text}
        maxLength={STATUS_CODE_POINTS_MAX}
        disabled={busy}
        // biome-ignore lint/a11y/noAutofocus: it takes the place of the button that was pressed
        autoFocus
        onChange={(event) => {
          given.current = false;
          setText(event.currentTarget.value);
        }}
        onKeyDown={onKeyDown}
        onBlur={(event) => !given.current && void save(event.currentTarget.value)}
      />
      <Failure error={error} />
    </>
  );
}
