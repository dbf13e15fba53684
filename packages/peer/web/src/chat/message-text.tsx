import { memo, type ReactElement, useState } from 'react';
import { useText } from '../text/text.tsx';
import styles from './message-text.module.css';
import { foldText, isBigEmoji, type TextPart, textParts } from './rich-text.ts';

/** What somebody wrote: text nodes, links and a little emphasis; nothing of it is ever read as markup of the page. */
export const MessageText = memo(function MessageText({ text }: { readonly text: string }): ReactElement {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  if (isBigEmoji(text)) {
    return (
      <p className={styles.big} data-big="" dir="auto">
        {text}
      </p>
    );
  }
  const folded = foldText(text);
  const isLong = folded.length < text.length;
  return (
    <>
      <div className={styles.text} dir="auto">
        {textParts(isLong && !open ? folded : text).map((part, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
          <Part key={index} part={part} />
        ))}
        {isLong && !open && '…'}
      </div>
      {isLong && (
        <button type="button" className={styles.more} aria-expanded={open} onClick={() => setOpen(!open)}>
          {t(open ? 'chat.fold' : 'chat.unfold')}
        </button>
      )}
    </>
  );
});

function Part({ part }: { readonly part: TextPart }): ReactElement | string {
  const { t } = useText();
  switch (part.type) {
    case 'text':
      return part.text;
    case 'bold':
      return <strong>{part.text}</strong>;
    case 'code':
      return <code className={styles.code}>{part.text}</code>;
    case 'block':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, so the keyboard must reach it
        <pre className={styles.block} tabIndex={0}>
          <code>{part.text}</code>
        </pre>
      );
    case 'link':
      return (
        <a
          href={part.href}
          target="_blank"
          rel="noopener noreferrer"
          title={part.mixedScript ? t('chat.link-mixed') : part.href}
        >
          {part.text}
        </a>
      );
  }
}
