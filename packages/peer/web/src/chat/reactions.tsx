import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { useText } from '../text/text.tsx';
import { useChatActions } from './chat-actions.ts';
import styles from './reactions.module.css';

/** What people answered with one sign; a click adds the own one or takes it back. */
export function Reactions({ message }: { readonly message: MessageJson }): ReactElement | null {
  const { t } = useText();
  const actions = useChatActions();
  if (message.reactions.length === 0 || message.recalled) return null;
  return (
    <div className={styles.chips}>
      {countReactions(message).map(({ emoji, count, mine }) => (
        <button
          key={emoji}
          type="button"
          className={styles.chip}
          tabIndex={-1}
          disabled={!actions.isOpen}
          aria-pressed={mine}
          aria-label={t('chat.reaction', { emoji, count })}
          onClick={() => actions.react(message, emoji)}
        >
          <span aria-hidden="true">{emoji}</span>
          {count > 1 && <span aria-hidden="true">{count}</span>}
        </button>
      ))}
    </div>
  );
}

interface ReactionCount {
  readonly emoji: string;
  readonly count: number;
  readonly mine: boolean;
}

/** In the order in which each sign came first. */
export function countReactions({ reactions }: Pick<MessageJson, 'reactions'>): readonly ReactionCount[] {
  const counts = new Map<string, ReactionCount>();
  for (const { emoji, mine } of reactions) {
    const known = counts.get(emoji) ?? { emoji, count: 0, mine: false };
    counts.set(emoji, { emoji, count: known.count + 1, mine: known.mine || mine });
  }
  return [...counts.values()];
}
