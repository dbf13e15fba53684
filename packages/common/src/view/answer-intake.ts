import type { RpcMethod, RpcParams, RpcResult } from '../rpc/rpc-table.ts';
import type {
  ContactJson,
  MessageJson,
  NoticeJson,
  PathJson,
  PresenceJson,
  PrivacyJson,
  StatusJson,
} from '../rpc/schemas.ts';
import type { ChatSummaries } from './chat-summaries.ts';
import type { ContactRefresher } from './contact-refresher.ts';
import type { Conversations } from './conversations.ts';
import type { EventIntake } from './event-intake.ts';
import { type Call, readAccount } from './snapshot.ts';
import type { StateWriter } from './state-writer.ts';

export interface AnswerIntakeOptions {
  readonly writer: StateWriter;
  readonly call: Call;
  readonly intake: EventIntake;
  readonly conversations: Conversations;
  readonly summaries: ChatSummaries;
  readonly refresher: ContactRefresher;
  /** Somebody else is signed in than before. */
  readonly onOtherAccount: () => void;
}

/** What the person asked for and got, written into the state at once; events of it change nothing more. */
export class AnswerIntake {
  readonly #options: AnswerIntakeOptions;
  /** Whose state is shown. */
  #account: string | undefined;

  constructor(options: AnswerIntakeOptions) {
    this.#options = options;
  }

  /** @param mark when it was asked for: what was told of since is newer than the answer */
  handle<M extends RpcMethod>(method: M, params: RpcParams<M>, result: RpcResult<M>, mark: number): void {
    const { writer, call } = this.#options;
    writer.batch(() => this.#write(method, params, result, mark));
    if (ACCOUNT_METHODS.test(method)) void readAccount(call, writer).then(() => this.handleAccount());
  }

  /** The account was read: is it still the one that is shown? */
  handleAccount(): void {
    const { writer, onOtherAccount } = this.#options;
    const now = writer.state.account?.id ?? '';
    const before = this.#account;
    this.#account = now;
    if (before !== undefined && before !== now) onOtherAccount();
  }

  handleRow(row: MessageJson, mark: number): void {
    const { writer, intake, conversations, summaries } = this.#options;
    if (writer.touches.isTouchedSince(`row ${row.id}`, mark)) return;
    writer.batch(() => {
      conversations.handleRow(row, false);
      summaries.handleRow(row);
    });
    intake.askIfUnsure(row.chat);
  }

  #handleContact(contact: ContactJson, mark: number): void {
    const { writer, intake, refresher } = this.#options;
    if (writer.touches.isTouchedSince(`contacts ${contact.id}`, mark)) refresher.refresh(contact.id);
    else intake.handleContact(contact);
  }

  #write(method: RpcMethod, params: unknown, result: unknown, mark: number): void {
    const { writer, intake, conversations, refresher } = this.#options;
    switch (method) {
      case 'contact.show':
      case 'contact.add':
      case 'contact.accept':
      case 'contact.reject':
      case 'contact.block':
      case 'contact.unblock':
      case 'contact.set':
        return this.#handleContact(result as ContactJson, mark);
      case 'contact.safety':
      case 'contact.verify':
        return this.#handleContact((result as { readonly contact: ContactJson }).contact, mark);
      case 'contact.remove':
        return refresher.refreshAll('contacts');
      case 'message.nudge':
      case 'message.edit':
      case 'message.recall':
      case 'message.react':
        return this.handleRow(result as MessageJson, mark);
      case 'message.delete': {
        const { chat, ids } = params as RpcParams<'message.delete'>;
        conversations.handleDeleted(this.#accountOf(chat), ids);
        return refresher.refreshAll('chats');
      }
      case 'notice.dismiss':
        return intake.handleNotice(result as NoticeJson);
      case 'presence.get':
      case 'presence.set':
      case 'presence.autoAway':
        return writer.patch({ presence: result as PresenceJson });
      case 'privacy.get':
      case 'privacy.set':
        return writer.patch({ privacy: result as PrivacyJson });
      case 'status':
        return writer.patch({ status: result as StatusJson, account: (result as StatusJson).account });
      case 'net.path':
        for (const path of (result as { readonly items: readonly PathJson[] }).items)
          writer.set('paths', path.id, path);
        return;
      default:
        return;
    }
  }

  /** Faces name a chat by its number, but may use any name. */
  #accountOf(who: string): string {
    const { contacts } = this.#options.writer.state;
    if (contacts.has(who)) return who;
    return [...contacts.values()].find(({ name, alias }) => name === who || alias === who)?.id ?? who;
  }
}

/** After these the status, the presence or the privacy may be others. */
const ACCOUNT_METHODS =
  /^(account\.(register|login|logout|setProfile|setPolicy|changePassword|delete|recoveryKept|renewRecovery|revokeDevice)|presence\.(set|autoAway)|net\.neverDirect)$/;
