import { err, ok, type Result } from '../result.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '../rpc/rpc-table.ts';
import type { ChatJson, ContactJson } from '../rpc/schemas.ts';
import { LIST_PAGE_ITEMS, LIST_PAGES_MAX } from './limits.ts';
import type { StateWriter } from './state-writer.ts';

export type Call = <M extends RpcMethod>(method: M, params: RpcParams<M>) => Promise<Result<RpcResult<M>, RpcError>>;

const NOTICES_READ = 50;

export interface SnapshotOptions {
  readonly call: Call;
  readonly writer: StateWriter;
  /** Drafts that were changed here and not saved yet: what the daemon has is older. */
  readonly isDraftDirty: (chat: string) => boolean;
}

/**
 * Reads every list anew, side by side. Resolves once all are in the state; what one needs to show the window (status,
 * contacts, conversations) is there as soon as those three are.
 */
export async function readSnapshot(options: SnapshotOptions): Promise<Result<void, RpcError>> {
  const { call, writer } = options;
  const window = Promise.all([readStatus(call, writer), readContacts(call, writer), readChats(call, writer)]).then(
    (outcomes) => {
      const first = firstError(outcomes);
      if (first.ok) writer.patch({ loaded: true });
      return first;
    },
  );
  return firstError(await Promise.all([window, readOwn(call, writer), readDrafts(options), readPaths(call, writer)]));
}

/** After anything that changes the own account, presence or settings. */
export async function readAccount(call: Call, writer: StateWriter): Promise<Result<void, RpcError>> {
  return firstError(await Promise.all([readStatus(call, writer), readOwn(call, writer)]));
}

async function readStatus(call: Call, writer: StateWriter): Promise<Result<void, RpcError>> {
  const status = await call('status', {});
  if (status.ok) writer.patch({ status: status.value, account: status.value.account });
  return status.ok ? ok(undefined) : status;
}

async function readOwn(call: Call, writer: StateWriter): Promise<Result<void, RpcError>> {
  const [presence, privacy, notices] = await Promise.all([
    call('presence.get', {}),
    call('privacy.get', {}),
    call('notice.list', { limit: NOTICES_READ }),
  ]);
  writer.batch(() => {
    if (presence.ok) writer.patch({ presence: presence.value });
    if (privacy.ok) writer.patch({ privacy: privacy.value });
    if (notices.ok) writer.patch({ notices: notices.value.items });
  });
  return firstError([presence, privacy, notices]);
}

export async function readContacts(call: Call, writer: StateWriter): Promise<Result<void, RpcError>> {
  const contacts = await everyPage<ContactJson>((after) => call('contact.list', after === undefined ? {} : { after }));
  if (contacts.ok) writer.replace('contacts', byId(contacts.value));
  return contacts.ok ? ok(undefined) : contacts;
}

export async function readChats(call: Call, writer: StateWriter): Promise<Result<void, RpcError>> {
  const chats = await everyPage<ChatJson>((after) =>
    call('chat.list', { limit: LIST_PAGE_ITEMS, ...(after === undefined ? {} : { after }) }),
  );
  if (chats.ok) writer.replace('chats', byId(chats.value));
  return chats.ok ? ok(undefined) : chats;
}

async function readDrafts({ call, writer, isDraftDirty }: SnapshotOptions): Promise<Result<void, RpcError>> {
  const drafts = await call('draft.list', {});
  if (!drafts.ok) return isSignedOut(drafts.error) ? ok(undefined) : drafts;
  const kept = [...writer.state.drafts.values()].filter(({ chat }) => isDraftDirty(chat));
  const read = drafts.value.items.filter(({ chat, text }) => text !== '' && !isDraftDirty(chat));
  writer.replace('drafts', new Map([...read, ...kept].map((draft) => [draft.chat, draft])));
  return ok(undefined);
}

async function readPaths(call: Call, writer: StateWriter): Promise<Result<void, RpcError>> {
  const paths = await call('net.path', {});
  if (!paths.ok) return isSignedOut(paths.error) ? ok(undefined) : paths;
  writer.replace('paths', byId(paths.value.items));
  return ok(undefined);
}

/** A list of nobody is empty. */
async function everyPage<T>(
  read: (after: string | undefined) => Promise<Result<{ items: T[]; next: string | null }, RpcError>>,
): Promise<Result<readonly T[], RpcError>> {
  const items: T[] = [];
  let after: string | undefined;
  for (let page = 0; page < LIST_PAGES_MAX; page++) {
    const answer = await read(after);
    if (!answer.ok) return isSignedOut(answer.error) ? ok([]) : answer;
    items.push(...answer.value.items);
    if (answer.value.next === null) break;
    after = answer.value.next;
  }
  return ok(items);
}

function byId<T extends { readonly id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function firstError(outcomes: readonly Result<unknown, RpcError>[]): Result<void, RpcError> {
  const failed = outcomes.find((outcome) => !outcome.ok && !isSignedOut(outcome.error));
  return failed && !failed.ok ? err(failed.error) : ok(undefined);
}

function isSignedOut({ code }: RpcError): boolean {
  return code === 'NOT_SIGNED_IN';
}
