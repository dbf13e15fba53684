import type { ReactElement } from 'react';
import styles from './avatar.module.css';
import { type Presence, PresenceDot } from './presence-dot.tsx';

const HUES = 8;
const IS_LATIN = /^\p{Script=Latin}/u;

/**
 * First letter (two for Latin names of two words) on a colour of its own; greyed while the person is away from keyboard.
 * The letters are a picture, no text: they are neither selected nor the label of a button around them.
 */
export function Avatar({
  name,
  number,
  size = 'medium',
  presence,
}: {
  readonly name: string;
  /** Account number: gives the colour, so that it stays when the name changes. */
  readonly number: string;
  readonly size?: 'small' | 'medium' | 'large';
  readonly presence?: Presence | undefined;
}): ReactElement {
  const grey = presence === 'offline' || presence === 'unknown' || presence === 'invisible';
  const classes = [styles.frame, styles[size], styles[`hue${hueOf(number)}`], grey && styles.away];
  return (
    <span className={classes.filter(Boolean).join(' ')} aria-hidden="true" data-initials={initialsOf(name)}>
      {presence && size !== 'small' && (
        <span className={styles.dot}>
          <PresenceDot presence={presence} />
        </span>
      )}
    </span>
  );
}

function hueOf(number: string): number {
  return ((Number(number) * 2_654_435_761) % 2 ** 32) % HUES;
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? '')][0] ?? '?';
  const last = words.length > 1 ? ([...words.at(-1)!][0] ?? '') : '';
  const second = IS_LATIN.test(first) && IS_LATIN.test(last) ? last : '';
  return (first + second).toLocaleUpperCase();
}
