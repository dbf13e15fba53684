import { err, type Result } from '../result.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '../rpc/rpc-table.ts';
import { after, type Instant } from '../time.ts';
import { AnswerIntake } from './answer-intake.ts';
import { ChatSummaries } from './chat-summaries.ts';
import { ContactRefresher } from './contact-refresher.ts';
import { Conversations } from './conversations.ts';
import { DaemonConnection } from './daemon-connection.ts';
import { DaemonSync } from './daemon-sync.ts';
import { Drafts } from './drafts.ts';
import { EventIntake } from './event-intake.ts';
import { TYPING_TOLD_EVERY_MS } from './limits.ts';
import { Outgoing } from './outgoing.ts';
import { ReadCursors } from './read-cursors.ts';
import { readAccount } from './snapshot.ts';
import { StateWriter } from './state-writer.ts';
import type { ViewModel, ViewModelOptions } from './view-model.ts';
import type { ViewHappening } from './view-state.ts';

/** Joins the parts; each knows the state it writes and not the others. */
export function createViewModel({ connector, clock, random }: ViewModelOptions): ViewModel {
  const writer = new StateWriter();
  const listeners = new Set<(happening: ViewHappening) => void>();
  const typingToldAt = new Map<string, Instant>();
  const tell = (happening: ViewHappening): void => {
    for (const listener of listeners) listener(happening);
  };

  const connection = new DaemonConnection({
    connector,
    clock,
    onOpen: () => void sync.run(),
    onEvent: (event) => sync.handleEvent(event),
    onLost: (attempts, retryAtMs) => {
      sync.handleLost();
      writer.patch({ daemon: { state: 'lost', attempts, retryAtMs } });
    },
    onRefused: (error) => {
      sync.handleLost();
      writer.patch({ daemon: { state: 'refused', error } });
    },
  });

  /** Without what an answer changes beside its own result. */
  async function ask<M extends RpcMethod>(method: M, params: RpcParams<M>): Promise<Result<RpcResult<M>, RpcError>> {
    const { generation } = connection;
    const answer = await connection.call(method, params);
    sync.flush();
    // What an ended connection still said may be older than what the next one has read.
    return generation === connection.generation ? answer : err({ code: 'CONNECTION_LOST' });
  }

  const conversations = new Conversations({ writer, list: (params) => ask('message.list', params) });
  const summaries = new ChatSummaries(writer);
  const refresher = new ContactRefresher({ call: ask, writer, summaries });
  const drafts = new Drafts({
    clock,
    writer,
    save: ({ chat, text, replyTo }) =>
      ask('draft.set', { chat, text, ...(replyTo === null || text === '' ? {} : { replyTo }) }),
  });
  const isDraftDirty = (chat: string): boolean => drafts.isDirty(chat);
  const outgoing = new Outgoing({
    clock,
    random,
    writer,
    send: (params) => ask('message.send', params),
    setPending: (chat, pending) => conversations.setPending(chat, pending),
    onSent: (message, mark) => {
      answers.handleRow(message, mark);
      drafts.release(message.chat);
    },
  });
  const reading = new ReadCursors({
    writer,
    markRead: (chat, upTo) => ask('message.markRead', { chat, upTo }),
  });
  let accountIsRead = false;
  const readAccountSoon = async (): Promise<void> => {
    if (accountIsRead) return;
    accountIsRead = true;
    // Several reasons in one go are one reading.
    await Promise.resolve();
    accountIsRead = false;
    await readAccount(ask, writer);
    answers.handleAccount();
  };
  const intake = new EventIntake({
    writer,
    conversations,
    summaries,
    refresher,
    isDraftDirty,
    onOwnRow: (chat) => {
      if ((writer.conversation(chat)?.pending.length ?? 0) === 0) drafts.release(chat);
    },
    onAccount: () => void readAccountSoon(),
    onHappening: tell,
  });
  const answers = new AnswerIntake({
    writer,
    call: ask,
    intake,
    conversations,
    summaries,
    refresher,
    onOtherAccount: () => {
      writer.batch(() => {
        conversations.clear();
        drafts.clear();
        reading.clear();
        writer.clearLists();
      });
      // Not by a new connection: a call that is under way may be the one that brought the account.
      void sync.readAnew();
    },
  });
  const sync = new DaemonSync({
    connection,
    call: ask,
    writer,
    isDraftDirty,
    onOvertaken: (list) => refresher.refreshAll(list),
    onChatsWhole: () => conversations.handleChatsWhole(),
    handleEvent: (event) => intake.handle(event),
    onSynced: (before) => {
      summaries.clear();
      answers.handleAccount();
      if (before?.loaded) intake.tellMissed(before);
      conversations.resume();
      outgoing.resume();
      drafts.flush();
      reading.resume();
    },
    onOtherHistory: () => conversations.reload(),
  });

  return {
    store: writer.store,
    start: () => connection.start(),
    stop: () => {
      drafts.flush();
      connection.stop();
    },
    onHappening: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    call: async (method, params) => {
      const { mark } = writer.touches;
      const answer = await ask(method, params);
      if (answer.ok) answers.handle(method, params, answer.value, mark);
      return answer;
    },
    openChat: (chat, at) => conversations.open(chat, at),
    closeChat: () => conversations.close(),
    loadOlder: (chat) => conversations.loadOlder(chat),
    loadNewer: (chat) => conversations.loadNewer(chat),
    jumpToEnd: (chat) => conversations.jumpToEnd(chat),
    setFollowing: (chat, following) => conversations.setFollowing(chat, following),
    send: (chat, text, replyTo) => {
      let sent = false;
      writer.batch(() => {
        sent = outgoing.send(chat, text, replyTo ?? null);
        if (!sent) return;
        typingToldAt.delete(chat);
        drafts.handleSent(chat);
        if (writer.state.openChat === chat) conversations.jumpToEnd(chat);
      });
      return sent;
    },
    sendAgain: (chat, id) => outgoing.sendAgain(chat, id),
    dropPending: (chat, id) => outgoing.drop(chat, id),
    resend: ({ chat, text, replyTo }) => void outgoing.send(chat, text, replyTo),
    setDraft: (chat, text, replyTo) => drafts.set(chat, text, replyTo),
    flushDrafts: () => drafts.flush(),
    wouldLose: () => {
      const { daemon, conversations: kept } = writer.state;
      const pending = [...kept.values()].flatMap((each) => each.pending);
      // What is on its way through an open connection gets there.
      if (daemon.state === 'open') return pending.some(({ error }) => error !== undefined);
      return pending.length > 0 || !drafts.areSaved;
    },
    noteTyping: (chat, active) => {
      const now = clock.now();
      const toldAt = typingToldAt.get(chat);
      if (active && toldAt !== undefined && now < after(toldAt, TYPING_TOLD_EVERY_MS)) return;
      if (active) typingToldAt.set(chat, now);
      // What was never begun, or told as ended, ends no second time.
      else if (!typingToldAt.delete(chat)) return;
      void ask('message.typing', { chat, active });
    },
    markRead: (chat, upTo) => reading.markRead(chat, upTo),
  };
}
