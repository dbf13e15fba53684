import { err, ok, type Result } from '../result.ts';
import { CHATS_PER_PAGE_MAX } from '../rpc/limits.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '../rpc/rpc-table.ts';
import type { ChatJson, ContactJson } from '../rpc/schemas.ts';
import { LIST_PAGES_MAX } from './limits.ts';
import type { StateWriter } from './state-writer.ts';

export type Call = <M extends RpcMethod>(method: M, params: RpcParams<M>) => Promise<Result<RpcResult<M>, RpcError>>;

const NOTICES_READ = 50;
/** As many as most windows are high; each more would be made before the first is seen. */
const CHATS_SHOWN_FIRST = 24;

export interface SnapshotOptions {
  readonly call: Call;
  readonly writer: StateWriter;
  /** Drafts that were changed here and not saved yet: what the daemon has is older. */
  readonly isDraftDirty: (chat: string) => boolean;
  /** A list said less than what was told of while it was read: it is worth reading again. */
  readonly onOvertaken: (list: 'contacts' | 'chats') => void;
  /** All conversations are in the state. */
  readonly onChatsWhole: () => void;
}

/**
 * Reads every list anew, side by side. Resolves once all are in the state; what one needs to show the window (status,
 * contacts, and the first time as many conversations as it shows) is there as soon as those three are.
 */
export async function readSnapshot(options: SnapshotOptions): Promise<Result<void, RpcError>> {
  const { call, writer } = options;
  const isFirst = !writer.state.loaded;
  const window = async (): Promise<Result<void, RpcError>> => {
    const chats = isFirst ? readFirstChats(call, writer) : readWhole('chats', options);
    const parts = [readStatus(call, writer), readWhole('contacts', options), chats];
    const outcome = firstError(await Promise.all(parts));
    if (outcome.ok) writer.patch({ loaded: true });
    return outcome;
  };
  const shown = window();
  const rest = [readOwn(call, writer), readNotices(call, writer), readDrafts(options)];
  // Long answers that nothing of the first look waits for; the live roads themselves come with the contacts.
  const long = shown.then(async () => {
    const chats = isFirst ? readWhole('chats', options) : ok(undefined);
    return firstError(await Promise.all([chats, readPaths(call, writer)]));
  });
  return firstError(await Promise.all([shown, ...rest, long]));
}

async function readWhole(list: 'contacts' | 'chats', options: SnapshotOptions): Promise<Result<void, RpcError>> {
  const { call, writer, onOvertaken, onChatsWhole } = options;
  const isWhole = await (list === 'chats' ? readChats(call, writer) : readContacts(call, writer));
  if (isWhole.ok && !isWhole.value) onOvertaken(list);
  if (isWhole.ok && list === 'chats') {
    writer.batch(() => {
      writer.patch({ chatsWhole: true });
      onChatsWhole();
    });
  }
  return isWhole.ok ? ok(undefined) : isWhole;
}

async function readFirstChats(call: Call, writer: StateWriter): Promise<Result<void, RpcError>> {
  const { mark } = writer.touches;
  const chats = await call('chat.list', { limit: CHATS_SHOWN_FIRST });
  if (chats.ok) writer.replace('chats', byId(chats.value.items), mark);
  return chats.ok || isSignedOut(chats.error) ? ok(undefined) : chats;
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
  const [presence, privacy] = await Promise.all([call('presence.get', {}), call('privacy.get', {})]);
  writer.batch(() => {
    if (presence.ok) writer.patch({ presence: presence.value });
    if (privacy.ok) writer.patch({ privacy: privacy.value });
  });
  return firstError([presence, privacy]);
}

async function readNotices(call: Call, writer: StateWriter): Promise<Result<void, RpcError>> {
  const notices = await call('notice.list', { limit: NOTICES_READ });
  if (notices.ok) writer.patch({ notices: notices.value.items });
  return notices.ok ? ok(undefined) : notices;
}

/** @returns false when something of it was told of meanwhile, so that reading it again would say more */
export async function readContacts(call: Call, writer: StateWriter): Promise<Result<boolean, RpcError>> {
  const { mark } = writer.touches;
  const contacts = await everyPage<ContactJson>((after) => call('contact.list', after === undefined ? {} : { after }));
  return contacts.ok ? ok(writer.replace('contacts', byId(contacts.value), mark)) : contacts;
}

/** As `readContacts`. */
export async function readChats(call: Call, writer: StateWriter): Promise<Result<boolean, RpcError>> {
  const { mark } = writer.touches;
  const chats = await everyPage<ChatJson>((after) =>
    call('chat.list', { limit: CHATS_PER_PAGE_MAX, ...(after === undefined ? {} : { after }) }),
  );
  return chats.ok ? ok(writer.replace('chats', byId(chats.value), mark)) : chats;
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
