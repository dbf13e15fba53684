import type { ViewHappening } from '@magpie/common/view/view-state.ts';
import { type ReactElement, useEffect, useState } from 'react';
import { useViewModel } from '../connection/view.tsx';
import { displayNameOf } from '../people/names.ts';
import { type Text, useLatestText } from '../text/text.tsx';

/** Sentences kept in the log; a screen reader has read the older ones. */
const KEPT_MAX = 12;
/** Long enough to be read out; what is recalled later must not stay here. */
const KEPT_MS = 15_000;
/** Messages of other conversations are told together, at most this often. */
const TOGETHER_MS = 1_500;
/** Of a message that is read out. */
const CHARS_MAX = 400;

interface Sentence {
  readonly id: number;
  readonly text: string;
}

/** The one place where screen readers hear news: hidden, polite, and never with a time in it. */
export function Announcer(): ReactElement {
  const view = useViewModel();
  const latest = useLatestText();
  const [sentences, setSentences] = useState<readonly Sentence[]>([]);
  useEffect(() => {
    let serial = 0;
    const elsewhere = new Map<string, { readonly who: string; readonly count: number }>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const forgetting = new Set<ReturnType<typeof setTimeout>>();
    const say = (words: readonly string[]) => {
      const added = words.map((each) => {
        serial += 1;
        return { id: serial, text: each };
      });
      setSentences((known) => [...known, ...added].slice(-KEPT_MAX));
      const forget = setTimeout(() => {
        forgetting.delete(forget);
        setSentences((known) => known.filter((each) => !added.includes(each)));
      }, KEPT_MS);
      forgetting.add(forget);
    };
    const sayElsewhere = () => {
      timer = undefined;
      const { t } = latest.current;
      say([...elsewhere.values()].map((each) => t('shell.announce.elsewhere', each)));
      elsewhere.clear();
    };
    const stop = view.onHappening((happening) => {
      const here = sentenceOf(happening, view.store.getState().openChat, latest.current);
      if (here) return say([here]);
      if (happening.type !== 'message') return;
      const { chat } = happening.message;
      const who = happening.contact ? displayNameOf(happening.contact) : chat;
      elsewhere.set(chat, { who, count: (elsewhere.get(chat)?.count ?? 0) + 1 });
      timer ??= setTimeout(sayElsewhere, TOGETHER_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
      for (const each of forgetting) clearTimeout(each);
    };
  }, [view, latest]);

  return (
    <div className="visually-hidden" role="log" aria-live="polite" aria-relevant="additions" data-announcer="">
      {sentences.map(({ id, text: words }) => (
        <p key={id}>{words}</p>
      ))}
    </div>
  );
}

/** @returns undefined for what is not told by itself: a message of another conversation, which is told together with others */
function sentenceOf(happening: ViewHappening, openChat: string | undefined, { t }: Text): string | undefined {
  switch (happening.type) {
    case 'message': {
      const { message, contact } = happening;
      if (message.chat !== openChat) return undefined;
      const who = contact ? displayNameOf(contact) : message.chat;
      const said = [...message.text].slice(0, CHARS_MAX).join('');
      return message.kind === 'text' ? t('shell.announce.message', { who, said }) : t('shell.announce.other', { who });
    }
    case 'nudge':
      return t('shell.nudged', { who: happening.contact ? displayNameOf(happening.contact) : happening.message.chat });
    case 'request':
      return t('shell.request.text', { who: displayNameOf(happening.contact) });
    case 'approval':
      return t(`shell.approval.${happening.outcome}`, { label: happening.label });
    case 'notice':
      // The banner is a live region of its own.
      return undefined;
  }
}
