import type { Content } from '@magpie/common/content/content.ts';
import { encodeContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, MailId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { err, ok } from '@magpie/common/result.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Correspondent, MailCipher } from './delivery-ports.ts';
import { NoRoomError } from './intake.ts';
import { MailOpener } from './mail-opener.ts';
import { A, BOB, BOBS, mail, messageId, RecordedAnswers, settled, TestTime, text } from './test-incoming.ts';

const receipt = { type: 'receipt', conversation: 0, incarnation: A, kind: 'delivered', ranges: [] } as const;
const copy = { type: 'copy', chat: BOB, refused: false, content: encodeContent(text(1)) } as const;

describe('mail opener (DL)', () => {
  let time: TestTime;
  let answers: RecordedAnswers;
  let inside: Content[];
  let own: boolean;
  let open: MailCipher['open'];
  let handedOn: string[];
  let known: boolean;
  let mayTell: boolean;
  let lookups: AccountNumber[];
  let learns: () => Promise<boolean>;
  let opener: MailOpener;
  beforeEach(() => {
    time = new TestTime();
    answers = new RecordedAnswers();
    inside = [];
    own = false;
    open = () => ok({ from: BOBS, own, id: mailId(1), contents: inside });
    handedOn = [];
    known = true;
    mayTell = true;
    lookups = [];
    learns = async () => true;
    const note = (where: string) => async (_from: Correspondent, content: Content | { readonly type: string }) => {
      handedOn.push(`${where} ${content.type}`);
    };
    opener = new MailOpener({
      clock: time.clock,
      log: silentLog,
      cipher: { open: (entry) => open(entry) },
      incoming: { accept: note('incoming') },
      control: { handleControl: note('control') },
      copies: { handleCopy: note('copies') },
      answers,
      mayKnow: () => known,
      learnDevices: (account) => {
        lookups.push(account);
        return learns();
      },
      mayTell: () => mayTell,
      onSlot: () => {},
    });
  });

  it('[DL54] hands on what is in a mail, in order, to those whom it concerns', async () => {
    inside = [{ type: 'opening', conversation: 0, incarnation: A, from: 1 }, text(1), receipt];
    inside.push({ type: 'tail', conversation: 0, incarnation: A, upTo: 1 }, { type: 'cannot-open', ids: [] });
    await opener.take(mail(1));
    expect(handedOn).toEqual([
      'incoming opening',
      'incoming text',
      'control receipt',
      'incoming tail',
      'control cannot-open',
    ]);
  });

  it('[DL55] takes copies from own devices only, and nothing else from them but what they could not open', async () => {
    inside = [copy, text(1), receipt, { type: 'cannot-open', ids: [] }];
    await opener.take(mail(1));
    own = true;
    await opener.take(mail(2));
    expect(handedOn).toEqual([
      'incoming text',
      'control receipt',
      'control cannot-open',
      'copies copy',
      'control cannot-open',
    ]);
  });

  it('[DL56] tells a sender what could not be opened, all of it each time', async () => {
    open = ({ position }) => err({ kind: 'cannot-open', id: mailId(position) });
    await opener.take(mail(1));
    await opener.take(mail(2));
    expect(answers.said).toEqual([
      { type: 'cannot-open', ids: [messageId(1)] },
      { type: 'cannot-open', ids: [messageId(1), messageId(2)] },
    ]);
    for (let position = 3; position < 200; position++) await opener.take(mail(position));
    expect(answers.said.at(-1)).toEqual({
      type: 'cannot-open',
      ids: Array.from({ length: 64 }, (_, index) => messageId(136 + index)),
    });
  });

  it('[DL56] names no more what has come anew and could be opened', async () => {
    const opened: MailCipher['open'] = ({ position }) =>
      ok({ from: BOBS, own, id: mailId(position), contents: inside });
    open = ({ position }) => err({ kind: 'cannot-open', id: mailId(position) });
    for (const position of [1, 2, 2]) await opener.take(mail(position));
    expect(answers.said.at(-1)).toEqual({ type: 'cannot-open', ids: [messageId(1), messageId(2)] });
    open = opened;
    await opener.take(mail(1));
    await opener.take(mail(7));
    expect(answers.amended).toEqual([{ type: 'cannot-open', ids: [messageId(2)] }]);
    open = ({ position }) => err({ kind: 'cannot-open', id: mailId(position) });
    await opener.take(mail(3));
    expect(answers.said.at(-1)).toEqual({ type: 'cannot-open', ids: [messageId(2), messageId(3)] });
    open = opened;
    for (const position of [2, 3]) await opener.take(mail(position));
    expect(answers.amended.at(-1)).toEqual({ type: 'cannot-open', ids: [] });
  });

  it('[DL56] has the mailbox keep what cannot be opened until its sender was told of it', async () => {
    open = ({ position }) => err({ kind: 'cannot-open', id: mailId(position) });
    const kept = [await released(1), await released(2)];
    await time.pass(60_000);
    expect(kept.map((one) => one())).toEqual([false, false]);
    // What was said first names the first alone.
    answers.onTold[0]?.();
    await settled();
    expect(kept.map((one) => one())).toEqual([true, false]);
    answers.onTold[1]?.();
    await settled();
    expect(kept.map((one) => one())).toEqual([true, true]);
    // It was sealed anew, and cannot be opened either: that is told, too.
    expect((await released(1))()).toBe(false);
  });

  it('[DL56] lets go for good what nobody could be told of for ten minutes, but not before anybody could be', async () => {
    open = ({ position }) => err({ kind: 'cannot-open', id: mailId(position) });
    mayTell = false;
    const isReleased = await released(1);
    await time.pass(3_590_000);
    mayTell = true;
    await time.pass(300_000);
    mayTell = false;
    await time.pass(3_600_000);
    mayTell = true;
    await time.pass(240_000);
    expect(isReleased()).toBe(false);
    await time.pass(120_000);
    expect(isReleased()).toBe(true);
    expect((await released(1))()).toBe(true);
    expect(answers.said.at(-1)).toEqual({ type: 'cannot-open', ids: [messageId(1)] });
  });

  it('[DL56] has the mailbox keep nothing that has come anew, nor more than can be named', async () => {
    open = ({ position }) => err({ kind: 'cannot-open', id: mailId(position) });
    const kept = [];
    for (let position = 1; position <= 66; position++) kept.push(await released(position));
    await settled();
    expect(kept.map((one) => one()).filter((isReleased) => isReleased)).toHaveLength(2);
    open = () => ok({ from: BOBS, own, id: mailId(66), contents: inside });
    expect(await opener.take(mail(67))).toBeUndefined();
    await settled();
    expect(kept.at(-1)?.()).toBe(true);
    opener.stop();
    expect(time.armed).toBe(false);
  });

  it('[DL56] drops without a word what is no envelope at all', async () => {
    open = () => err({ kind: 'cannot-open', id: undefined });
    await opener.take(mail(1));
    expect(answers.said).toEqual([]);
  });

  it('[DL57] drops the mail of a stranger without asking anybody', async () => {
    open = () => err({ kind: 'unknown-sender', id: mailId(1) });
    known = false;
    await opener.take(mail(1));
    expect(lookups).toEqual([]);
    expect(handedOn).toEqual([]);
    expect(answers.said).toEqual([]);
  });

  it('[DL57] asks once for the devices of a friend whose device it does not know, and opens the mail then', async () => {
    let certified = false;
    inside = [text(1)];
    const opened = open;
    open = (entry) => (certified ? opened(entry) : err({ kind: 'unknown-sender', id: mailId(1) }));
    learns = async () => {
      await settled();
      certified = true;
      return true;
    };
    await Promise.all([opener.take(mail(1)), opener.take(mail(2))]);
    expect(lookups).toEqual([BOB]);
    expect(handedOn).toEqual(['incoming text', 'incoming text']);
  });

  it('[DL57] drops what is still of an unknown device then, and asks no more than once a minute', async () => {
    open = () => err({ kind: 'unknown-sender', id: mailId(1) });
    for (let position = 1; position <= 10; position++) await opener.take(mail(position));
    expect(lookups).toEqual([BOB]);
    await time.pass(60_001);
    await opener.take(mail(11));
    expect(lookups).toEqual([BOB, BOB]);
    expect(handedOn).toEqual([]);
  });

  it('[DL57] leaves the mail where it is while the devices cannot be had', async () => {
    open = () => err({ kind: 'unknown-sender', id: mailId(1) });
    learns = async () => false;
    await expect(opener.take(mail(1))).rejects.toBeInstanceOf(NoRoomError);
    await expect(opener.take(mail(1, { from: 'b1'.repeat(16) as DeviceId }))).rejects.toBeInstanceOf(NoRoomError);
    expect(lookups).toHaveLength(2);
  });

  /** Takes a mail that is to be kept. @returns whether the mailbox may forget it by now */
  async function released(position: number): Promise<() => boolean> {
    const kept = await opener.take(mail(position));
    let done = false;
    void kept?.until.then(() => {
      done = true;
    });
    await settled();
    return () => done;
  }
});

function mailId(n: number): MailId {
  return messageId(n) as string as MailId;
}
