/** Words of the protocol that faces use as well: apart from the layout, so that the page loads no codec for them. */
export const PRESENCE_STATUSES = ['offline', 'online', 'away', 'busy'] as const;
export type PresenceStatus = (typeof PRESENCE_STATUSES)[number];

/** `member` is a friend; `removed` a tombstone; `asked` waits for them; `asking` waits for us; `blocked` by us. */
export const ROSTER_STATES = ['member', 'removed', 'asked', 'asking', 'blocked'] as const;
export type RosterState = (typeof ROSTER_STATES)[number];

/** Who may ask an account to be friends: anyone, anyone who answers its question, or nobody. */
export const ASK_POLICIES = ['anyone', 'question', 'nobody'] as const;
export type AskPolicy = (typeof ASK_POLICIES)[number];
