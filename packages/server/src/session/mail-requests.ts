import type { RequestId } from '@magpie/common/ids.ts';
import type { LiveSession } from '../bus/directory.ts';
import { MAIL_UNDER_WAY_MAX } from '../limits.ts';
import type { Mailbox } from '../mailbox/mailbox.ts';
import type { Refusal } from '../refusal.ts';
import type { Connection } from './connection.ts';
import type { SessionRequest } from './requests.ts';

/** Requests about the logs of sealed envelopes. */
export type MailRequest = Extract<
  SessionRequest,
  { readonly type: 'mail-put' | 'mail-get' | 'mail-ack' | 'mail-key-set' | 'mail-keys-get' }
>;

const MAIL_REQUESTS = [
  ...(['mail-put', 'mail-get', 'mail-ack'] as const),
  ...(['mail-key-set', 'mail-keys-get'] as const),
] satisfies readonly MailRequest['type'][];
const mailRequests: ReadonlySet<string> = new Set(MAIL_REQUESTS);

export function isMailRequest(request: SessionRequest): request is MailRequest {
  return mailRequests.has(request.type);
}

/**
 * Takes them to the mailbox. Puts and acknowledgements do not wait for each other's disk: they are begun in the client's
 * order and answered when they are done, so that a burst shares one sync and its last mail is pushed as soon as its first.
 */
export class MailRequests {
  readonly #mailbox: Mailbox;
  readonly #failed: (request: string, error: unknown) => Refusal;
  readonly #underWay = new WeakMap<LiveSession, number>();

  /** @param failed what a request is told when the store fails */
  constructor(mailbox: Mailbox, failed: (request: string, error: unknown) => Refusal) {
    this.#mailbox = mailbox;
    this.#failed = failed;
  }

  async serve(connection: Connection, session: LiveSession, request: MailRequest): Promise<Refusal | undefined> {
    const { requestId } = request;
    switch (request.type) {
      case 'mail-put':
        return this.#answerLater(connection, session, request, async () => {
          const put = await this.#mailbox.put(session, request);
          if (!put.ok) return put.error;
          connection.sendFrame({ type: 'mail-stored', requestId, expiresWallMs: put.value });
          return undefined;
        });
      case 'mail-ack':
        return this.#answerLater(connection, session, request, async () => {
          const acked = await this.#mailbox.ack(session, request.upTo);
          if (!acked.ok) return acked.error;
          const { left, oldestKey } = acked.value;
          const { generation, step } = oldestKey ?? { generation: 0, step: 0 };
          connection.sendFrame({ type: 'mail-acked', requestId, left, generation, step });
          return undefined;
        });
      case 'mail-get':
        return this.#mailbox.sendPage(session, requestId, request.after);
      case 'mail-key-set': {
        const set = await this.#mailbox.setKey(session, request);
        if (!set.ok) return set.error;
        connection.sendFrame({ type: 'done', requestId });
        return undefined;
      }
      case 'mail-keys-get': {
        const found = await this.#mailbox.keysOf(session, request.account);
        if (!found.ok) return found.error;
        connection.sendFrame({ type: 'mail-keys', requestId, account: request.account, entries: found.value });
        return undefined;
      }
    }
  }

  /** Resolves at once, or with the answer where enough wait for theirs: nothing behind it is served until then. */
  async #answerLater(
    connection: Connection,
    session: LiveSession,
    request: { readonly type: string; readonly requestId: RequestId },
    work: () => Promise<Refusal | undefined>,
  ): Promise<undefined> {
    const underWay = (this.#underWay.get(session) ?? 0) + 1;
    this.#underWay.set(session, underWay);
    const answered = this.#answer(connection, request, work).finally(() =>
      this.#underWay.set(session, (this.#underWay.get(session) ?? 1) - 1),
    );
    if (underWay >= MAIL_UNDER_WAY_MAX) await answered;
    return undefined;
  }

  /** Never rejects. */
  async #answer(
    connection: Connection,
    { type, requestId }: { readonly type: string; readonly requestId: RequestId },
    work: () => Promise<Refusal | undefined>,
  ): Promise<void> {
    let refused: Refusal | undefined;
    try {
      refused = await work();
    } catch (error) {
      refused = this.#failed(type, error);
    }
    if (refused) connection.refuse(requestId, refused);
  }
}
