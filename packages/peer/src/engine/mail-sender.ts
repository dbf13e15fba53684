import type { Content } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, MailId, MessageId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Clock, type Timer, type WallMs } from '@magpie/common/time.ts';
import type { NumberingOpening, PeerStore, StoredMessage } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { Correspondent } from './delivery-ports.ts';
import { DEBTORS_MAX, MAIL_BATCH, MAIL_EXPIRY_MS, MAILS_UNDER_WAY_MAX } from './limits.ts';
import { type Box, newBox, type PauseReason } from './mail-box.ts';
import type { MailPost, Posted } from './mail-post.ts';
import { contentOf, mailIdOf } from './message-content.ts';
import { retryAfterMs } from './retry-after.ts';
import type { Unsent } from './unsent.ts';

export interface MailSenderOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly store: Pick<
    PeerStore,
    'unmailedTo' | 'openings' | 'devicesBehind' | 'expireMailed' | 'noteMailed' | 'noteMailRefused'
  >;
  readonly post: Pick<MailPost, 'put'>;
  readonly unsent: Unsent;
  readonly wallNow: () => WallMs;
  /** A friend's certified device while the link is up, unless a session is there that brings receipts (D5). */
  readonly needsMail: (device: DeviceId) => Correspondent | undefined;
  /** It was sealed for the device too often lately (DL24). */
  readonly isBarred: (device: DeviceId, id: MailId) => boolean;
  readonly onMessages: (changed: readonly StoredMessage[]) => void;
}

/**
 * The mailbox road of messages (DL20–DL24): whatever a friend's device has not receipted and no session brings there is
 * sealed and put into its mailbox, in order, several at a time, until the server has it. What was put is noted in the store;
 * whatever is not noted (refusal, lost answer, crash) is put again, and replaces itself there by its id.
 */
export class MailSender {
  readonly #options: MailSenderOptions;
  readonly #boxes = new Map<DeviceId, Box>();
  /** With mails to put, while as many as may be are under way. */
  readonly #starved = new Set<Box>();
  /** Where numberings begin for devices that came later; asked for once per link. */
  readonly #openings = new Map<DeviceId, Promise<readonly NumberingOpening[]>>();
  /** How often in a row a device could not open what we sealed. */
  readonly #unopened = new Map<DeviceId, number>();
  /** How often messages were numbered anew. */
  #numberings = 0;
  #underWay = 0;
  #expiry: Timer | undefined;
  #looks = 0;
  #looksInVain = 0;
  /** False from when the link came until whatever a mailbox lacks has a box: nothing new may go before that. */
  #looked = true;
  #stopped = false;

  constructor(options: MailSenderOptions) {
    this.#options = options;
  }

  /** A message was committed and numbered: into the mailbox in this very turn, when nothing is in the way. */
  handleCommitted(message: StoredMessage, device: DeviceId): void {
    const to = this.#options.needsMail(device);
    if (!to || this.#stopped) return;
    const before = this.#boxes.get(device);
    const box = before ?? this.#newBox(to);
    if (box.pause) return this.#noteRefused(box, [message], box.pause.reason);
    if (box.loading === 'loading') box.loading = 'again';
    else if (box.complete) this.#add(box, [message]);
    this.#pump(box);
  }

  /** The device lacks something, or may: what is not in its mailbox goes there, if it needs to. */
  kick(device: DeviceId): void {
    const to = this.#stopped ? undefined : this.#options.needsMail(device);
    if (!to) return;
    const box = this.#boxes.get(device) ?? this.#newBox(to);
    if (!box.pause) inBackground(this.#options.log, 'waiting messages could not be read', this.#load(box));
  }

  /**
   * A receipt of the device: it reads its mailbox, so that there is room again.
   * @param isNews messages of ours are further than before
   */
  handleReceipt(device: DeviceId, isNews: boolean): void {
    if (isNews) this.#unopened.delete(device);
    const box = this.#boxes.get(device);
    if (box?.pause?.reason !== 'mailbox-full') return;
    this.#resume(box);
    this.kick(device);
  }

  /** News of the device, which may have a mailbox key now. */
  handleNews(device: DeviceId): void {
    const box = this.#boxes.get(device);
    if (box?.pause?.reason !== 'no-mail-key') return;
    box.attempts = 0;
    this.#resume(box);
    this.kick(device);
  }

  /** These are in no mailbox of the device any more: also those that were not noted as put there yet. */
  handleLost(device: DeviceId, ids: readonly MessageId[]): void {
    const box = this.#boxes.get(device);
    if (!box) return;
    const waiting = new Set(box.waiting.map(({ id }) => id));
    for (const id of ids) if (box.known.has(id) && !waiting.has(id)) box.lost.add(id);
    this.#dropLost(box);
  }

  /** What the device cannot open is sealed again, at growing distances if it never can. */
  handleCannotOpen(device: DeviceId): void {
    if (this.#unopened.size >= DEBTORS_MAX) this.#unopened.clear();
    const times = this.#unopened.get(device) ?? 0;
    this.#unopened.set(device, times + 1);
    if (times === 0) return this.kick(device);
    this.pause(device, retryAfterMs({ kind: 'later', retryAfterMs: 0 }, times, this.#options.random) ?? 0);
  }

  /** Not before `ms` from now: the device will not take it yet (R16). */
  pause(device: DeviceId, ms: number): void {
    const to = this.#options.needsMail(device);
    if (!to || this.#stopped) return;
    const box = this.#boxes.get(device) ?? this.#newBox(to);
    this.#pauseFor(box, '', ms);
  }

  /** The account's devices are others now, or their numberings begin elsewhere. */
  handleDevices(devices: readonly DeviceId[]): void {
    for (const device of devices) this.#openings.delete(device);
  }

  /** What waits here for the account is not what is to be sent any more: another form of it, or nothing. */
  handleChanged(account: AccountNumber): void {
    for (const box of this.#boxes.values()) if (box.to.account === account) this.#forget(box);
  }

  /** Numbers have changed (R17): what waits here has old ones. */
  handleRenumbered(): void {
    this.#numberings++;
    for (const box of this.#boxes.values()) {
      this.#forget(box);
      // What the mailbox has of these has old numbers: it is put again.
      for (const { id } of box.stored) box.known.delete(id);
      box.stored = [];
      box.complete = false;
    }
    for (const box of [...this.#boxes.values()]) this.kick(box.to.device);
  }

  async handleLinkUp(): Promise<void> {
    this.#openings.clear();
    for (const box of this.#boxes.values()) this.#resume(box);
    this.#looked = false;
    await this.#lookAtAll();
  }

  handleLinkDown(): void {
    this.#looks++;
    this.#expiry?.cancel();
    for (const box of this.#boxes.values()) this.#forget(box);
  }

  stop(): void {
    this.#stopped = true;
    this.#expiry?.cancel();
    for (const box of this.#boxes.values()) {
      box.pause?.timer.cancel();
      this.#forget(box);
    }
    this.#boxes.clear();
  }

  #newBox(to: Correspondent): Box {
    const box = newBox(to, this.#looked);
    this.#boxes.set(to.device, box);
    return box;
  }

  /** Mail that its server has dropped is queued again, and all that mailboxes lack is put. Never rejects. */
  async #lookAtAll(): Promise<void> {
    const { clock, log } = this.#options;
    const look = ++this.#looks;
    const done = await Promise.allSettled([this.#expire(), this.#loadAll()]);
    if (look !== this.#looks || this.#stopped) return;
    const failed = done.find((one) => one.status === 'rejected');
    if (failed) log.error({ code: failed.reason?.code ?? 'unknown' }, 'waiting messages could not be looked for');
    this.#looked = !failed;
    this.#looksInVain = failed ? this.#looksInVain + 1 : 0;
    const later: Posted = { kind: 'later', retryAfterMs: 0 };
    const waitMs = failed ? retryAfterMs(later, this.#looksInVain - 1, this.#options.random) : MAIL_EXPIRY_MS;
    this.#expiry?.cancel();
    this.#expiry = clock.setTimer(after(clock.now(), waitMs ?? 0), () => void this.#lookAtAll());
  }

  async #expire(): Promise<void> {
    const expired = await this.#options.store.expireMailed(this.#options.wallNow());
    if (expired.length > 0 && !this.#stopped) this.#options.onMessages(expired);
  }

  async #loadAll(): Promise<void> {
    for (const { device } of await this.#options.store.devicesBehind()) {
      const to = this.#stopped ? undefined : this.#options.needsMail(device);
      const box = to && (this.#boxes.get(device) ?? this.#newBox(to));
      // One after the other: a thousand friends who are away are no reason to read all that waits for them at once.
      if (box && !box.pause) await this.#load(box);
    }
  }

  async #load(box: Box): Promise<void> {
    if (box.loading !== 'idle') {
      box.loading = 'again';
      return;
    }
    const { store, log } = this.#options;
    do {
      box.loading = 'loading';
      try {
        const messages = await store.unmailedTo(box.to.account, box.to.device, MAIL_BATCH);
        if (!this.#alive(box)) return;
        const again = (box.loading as Box['loading']) === 'again';
        const mayGo = messages.filter(({ id }) => !this.#options.isBarred(box.to.device, mailIdOf(id)));
        // What is behind nothing but barred ones waits with them.
        box.complete = !again && (messages.length < MAIL_BATCH || mayGo.length === 0);
        if (!box.pause) this.#add(box, mayGo);
        if (!again) box.loading = 'idle';
      } catch (cause) {
        box.loading = 'idle';
        log.error({ code: (cause as { code?: string }).code ?? 'unknown' }, 'waiting messages could not be read');
        this.#pauseFor(box, '', this.#waitMs(box, { kind: 'later', retryAfterMs: 0 }));
        return;
      }
    } while (box.loading !== 'idle');
    this.#pump(box);
  }

  #add(box: Box, messages: readonly StoredMessage[]): void {
    for (const message of messages) {
      if (box.known.has(message.id)) continue;
      if (box.waiting.length >= MAIL_BATCH) {
        box.complete = false;
        return;
      }
      box.known.add(message.id);
      box.waiting.push(message);
    }
  }

  #pump(box: Box): void {
    if (!this.#alive(box)) return;
    if (!this.#options.needsMail(box.to.device)) this.#forget(box);
    while (!box.pause && box.waiting.length > 0) {
      if (this.#underWay >= MAILS_UNDER_WAY_MAX) {
        this.#starved.add(box);
        return;
      }
      const message = box.waiting.shift()!;
      void this.#put(box, message);
    }
    const busy = box.underWay > 0 || box.noting || box.loading !== 'idle';
    if (busy || box.pause) return;
    if (!box.complete && this.#options.needsMail(box.to.device)) {
      inBackground(this.#options.log, 'waiting messages could not be read', this.#load(box));
    } else {
      this.#boxes.delete(box.to.device);
    }
  }

  async #put(box: Box, message: StoredMessage): Promise<void> {
    const { post, unsent, log } = this.#options;
    this.#underWay++;
    box.underWay++;
    const numberings = this.#numberings;
    let posted: Posted = { kind: 'later', retryAfterMs: 0 };
    try {
      // A first number needs no word about where its numbering begins, and so no look into the store.
      const opening = message.sequence > 1 ? await this.#openingOf(box.to, message) : undefined;
      const content = contentOf(message);
      const contents = [opening, content].filter((one): one is Content => one !== undefined);
      const mayLeave = (): boolean => {
        if (numberings !== this.#numberings || !unsent.mayLeave(message)) return false;
        if (!this.#options.needsMail(box.to.device)) return false;
        unsent.remove(message.id);
        return true;
      };
      const id = mailIdOf(message.id);
      posted = content ? await post.put({ to: box.to, id, kind: 'message', contents, mayLeave }) : { kind: 'not-now' };
    } catch (cause) {
      log.error({ code: (cause as { code?: string }).code ?? 'unknown' }, 'a mail could not be put');
    }
    if (numberings !== this.#numberings) posted = { kind: 'not-now' };
    this.#underWay--;
    box.underWay--;
    if (this.#alive(box)) this.#handlePosted(box, message, posted);
    this.#feedStarved();
  }

  #handlePosted(box: Box, message: StoredMessage, posted: Posted): void {
    if (posted.kind === 'stored') {
      box.stored.push({ id: message.id, expiresAt: posted.expiresAt });
      this.#dropLost(box);
      if (box.stored.length > 0) void this.#note(box);
      else this.#pump(box);
      return;
    }
    box.known.delete(message.id);
    box.complete = false;
    if (posted.kind === 'not-now') {
      // Whatever was in the way, its end is told: link, list of devices, key, or the decision about a cancelled message.
      this.#forget(box);
      if (box.underWay === 0 && !box.noting && box.loading === 'idle' && !box.pause) {
        this.#boxes.delete(box.to.device);
      }
      return;
    }
    const reason = posted.kind === 'refused' && posted.reason !== 'not-friends' ? posted.reason : '';
    this.#noteRefused(box, [message, ...box.waiting], reason);
    // Several were under way, and were all refused by one mailbox.
    if (!box.pause) this.#pauseFor(box, reason, this.#waitMs(box, posted));
  }

  #dropLost(box: Box): void {
    const { lost } = box;
    box.stored = box.stored.filter(({ id }) => {
      if (!lost.delete(id)) return true;
      box.known.delete(id);
      box.complete = false;
      return false;
    });
  }

  /** One call for all that came meanwhile. */
  async #note(box: Box): Promise<void> {
    if (box.noting || box.stored.length === 0) return;
    box.noting = true;
    const { store, onMessages, log } = this.#options;
    while (box.stored.length > 0) {
      const batch = box.stored;
      box.stored = [];
      const ids = batch.map(({ id }) => id);
      // They differ by what passed between them; early is safe.
      const expiresAt = Math.min(...batch.map((one) => one.expiresAt)) as WallMs;
      try {
        const changed = await store.noteMailed(box.to.device, ids, expiresAt);
        box.attempts = 0;
        if (changed.length > 0 && !this.#stopped) onMessages(changed);
      } catch (cause) {
        log.error({ code: (cause as { code?: string }).code ?? 'unknown' }, 'stored mail could not be noted');
        box.complete = false;
        this.#pauseFor(box, '', this.#waitMs(box, { kind: 'later', retryAfterMs: 0 }));
      }
      for (const id of ids) box.known.delete(id);
    }
    box.noting = false;
    this.#pump(box);
  }

  #noteRefused(box: Box, messages: readonly StoredMessage[], reason: PauseReason): void {
    const { store, onMessages, log } = this.#options;
    box.complete = false;
    if (reason === '') return;
    const note = async (): Promise<void> => {
      const changed = messages.map(({ id }) => store.noteMailRefused(box.to.device, id, reason));
      const rows = (await Promise.all(changed)).flat();
      if (rows.length > 0 && !this.#stopped) onMessages(rows);
    };
    inBackground(log, 'a refused mail could not be noted', note());
  }

  #waitMs(box: Box, posted: Posted): number {
    return retryAfterMs(posted, box.attempts++, this.#options.random) ?? 0;
  }

  #pauseFor(box: Box, reason: PauseReason, ms: number): void {
    const { clock } = this.#options;
    if (this.#stopped) return;
    box.pause?.timer.cancel();
    this.#forget(box);
    const timer = clock.setTimer(after(clock.now(), ms), () => {
      this.#resume(box);
      if (!this.#alive(box)) return;
      if (this.#options.needsMail(box.to.device)) this.kick(box.to.device);
      else this.#boxes.delete(box.to.device);
    });
    box.pause = { reason, timer };
  }

  #resume(box: Box): void {
    box.pause?.timer.cancel();
    box.pause = undefined;
  }

  /** What waits here is left to the store. */
  #forget(box: Box): void {
    for (const { id } of box.waiting) box.known.delete(id);
    if (box.waiting.length > 0) box.complete = false;
    box.waiting = [];
    this.#starved.delete(box);
  }

  #feedStarved(): void {
    for (const box of this.#starved) {
      if (this.#underWay >= MAILS_UNDER_WAY_MAX) return;
      // To the end of the queue when it has more: no friend's mail waits for all of another's.
      this.#starved.delete(box);
      this.#pump(box);
    }
  }

  async #openingOf({ account, device }: Correspondent, message: StoredMessage): Promise<Content | undefined> {
    let known = this.#openings.get(device);
    if (!known) {
      if (this.#openings.size >= DEBTORS_MAX) this.#openings.clear();
      known = this.#options.store.openings(account, device);
      this.#openings.set(device, known);
      known.catch(() => this.#openings.delete(device));
    }
    const opening = (await known).find(({ incarnation }) => incarnation === message.incarnation);
    return opening && { type: 'opening', conversation: 0, ...opening };
  }

  #alive(box: Box): boolean {
    return !this.#stopped && this.#boxes.get(box.to.device) === box;
  }
}
