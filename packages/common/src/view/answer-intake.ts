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
import { type Call, readAccount, readContacts } from './snapshot.ts';
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

  handle<M extends RpcMethod>(method: M, params: RpcParams<M>, result: RpcResult<M>): void {
    const { writer, call } = this.#options;
    writer.batch(() => this.#write(method, params, result));
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

  #write(method: RpcMethod, params: unknown, result: unknown): void {
    const { writer, call, intake, conversations, summaries, refresher } = this.#options;
    switch (method) {
      case 'contact.show':
      case 'contact.add':
      case 'contact.accept':
      case 'contact.reject':
      case 'contact.block':
      case 'contact.unblock':
      case 'contact.set':
        return intake.handleContact(result as ContactJson);
      case 'contact.safety':
      case 'contact.verify':
        return intake.handleContact((result as { readonly contact: ContactJson }).contact);
      case 'contact.remove':
        return void readContacts(call, writer);
      case 'message.nudge':
      case 'message.edit':
      case 'message.recall':
      case 'message.react': {
        const row = result as MessageJson;
        conversations.handleRow(row, false);
        return summaries.handleRow(row);
      }
      case 'message.delete': {
        const { chat, ids } = params as RpcParams<'message.delete'>;
        conversations.handleDeleted(this.#accountOf(chat), ids);
        return refresher.refreshChats();
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
