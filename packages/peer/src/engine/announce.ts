import { type Committed, SHOWN_KINDS, type StoredMessage } from '../store/store.ts';

/** @param areNew false: rows that were there before and changed */
export type MessageHandler = (messages: readonly StoredMessage[], areNew: boolean) => void;

/** Tells of rows that were written, and of those that they changed, in the order of their changes (R29). */
export function announce(committed: readonly Committed[], onMessages: MessageHandler): void {
  const rows = committed.flatMap(({ message, touched, isKnown = false }) => [
    // Voids, edits, recalls and reactions are shown on their target or nowhere; but one that was shown vanishes so.
    ...(isKnown || SHOWN_KINDS.includes(message.kind) ? [{ message, isNew: !isKnown }] : []),
    ...touched.map((one) => ({ message: one, isNew: false })),
  ]);
  rows.sort((a, b) => a.message.change - b.message.change);
  for (let from = 0; from < rows.length; ) {
    const { isNew } = rows[from]!;
    const other = rows.findIndex((row, index) => index > from && row.isNew !== isNew);
    const to = other < 0 ? rows.length : other;
    onMessages(
      rows.slice(from, to).map(({ message }) => message),
      isNew,
    );
    from = to;
  }
}
