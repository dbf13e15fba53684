import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { type KeyboardEvent, type ReactElement, useId, useMemo, useState } from 'react';
import { useView, useViewModel } from '../connection/view.tsx';
import { Avatar } from '../design/avatar.tsx';
import { Field } from '../design/field.tsx';
import { displayNameOf, matchesSearch } from '../people/names.ts';
import { useText } from '../text/text.tsx';
import { chatsByNewest } from './chat-order.ts';
import { showChat } from './show-chat.ts';
import styles from './switcher.module.css';

/** As many as fit a small window without scrolling. */
const SHOWN_MAX = 8;

/** Ctrl+K: a few letters of a name, remark or number, Enter, and one is there. */
export function Switcher({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const people = usePeople();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const list = useId();
  const found = people.filter((contact) => matchesSearch(contact, query)).slice(0, SHOWN_MAX);
  const at = Math.min(chosen, Math.max(0, found.length - 1));

  const choose = (contact: ContactJson | undefined) => {
    if (!contact) return;
    onClose();
    showChat(view, contact.id);
  };
  const handleKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.nativeEvent.keyCode === 229 || found.length === 0) return;
    if (event.key === 'ArrowDown') setChosen((at + 1) % found.length);
    else if (event.key === 'ArrowUp') setChosen((at + found.length - 1) % found.length);
    else if (event.key === 'Enter') choose(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <Field
        label={t('shell.switcher.label')}
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-activedescendant={found.length > 0 ? `${list}-${at}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={({ target }) => {
          setQuery(target.value);
          setChosen(0);
        }}
        onKeyDown={handleKey}
      />
      <div id={list} role="listbox" aria-label={t('shell.switcher.results')} className={styles.list}>
        {found.map((contact, index) => (
          <Option
            key={contact.id}
            id={`${list}-${index}`}
            contact={contact}
            isChosen={index === at}
            onChoose={() => choose(contact)}
          />
        ))}
      </div>
      {found.length === 0 && <p className={styles.none}>{t('shell.switcher.none')}</p>}
    </>
  );
}

function Option({
  id,
  contact,
  isChosen,
  onChoose,
}: {
  readonly id: string;
  readonly contact: ContactJson;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}): ReactElement {
  const { t } = useText();
  const name = displayNameOf(contact);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the focus and the keys, as a combobox does
    // biome-ignore lint/a11y/useFocusableInteractive: the same, by aria-activedescendant
    <div id={id} role="option" aria-selected={isChosen} className={styles.option} onClick={onChoose}>
      <Avatar name={name} number={contact.id} size="small" presence={contact.presence} />
      <span className={styles.name}>{name}</span>
      <span className={styles.number}>{contact.id}</span>
      {contact.unread > 0 && (
        <span className={styles.unread}>{t('shell.switcher.unread', { count: contact.unread })}</span>
      )}
    </div>
  );
}

/** Friends and whoever there is a conversation with; the newest conversation first, then by name. */
function usePeople(): readonly ContactJson[] {
  const contacts = useView((state) => state.contacts);
  const chats = useView((state) => state.chats);
  const { language } = useText();
  return useMemo(() => {
    const rank = new Map(chatsByNewest(chats).map((id, index) => [id, index]));
    const collator = new Intl.Collator(language);
    return [...contacts.values()]
      .filter(({ id, state }) => state === 'member' || rank.has(id))
      .sort((a, b) => {
        const byRank = (rank.get(a.id) ?? rank.size) - (rank.get(b.id) ?? rank.size);
        return byRank || collator.compare(displayNameOf(a), displayNameOf(b));
      });
  }, [contacts, chats, language]);
}
