import { encodeContent } from '@magpie/common/content/content.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import type { OwnContent, StoredMessage } from '../store/store.ts';
import type { Correspondent, OwnCopy } from './delivery-ports.ts';
import { OwnCopiesIn } from './own-copies-in.ts';
import { A, BOB, TestTime, text } from './test-incoming.ts';

const LAPTOP: Correspondent = { account: BOB, device: 'a1'.repeat(16) as DeviceId };
const states: OwnCopy = { type: 'copy-receipt', chat: BOB, incarnation: A, kind: 'delivered', ranges: [] };

describe('copies from own other devices (DL)', () => {
  let time: TestTime;
  let committed: OwnContent[];
  let events: [string, boolean][];
  let certified: boolean;
  let wasGivenBack: boolean;
  let copies: OwnCopiesIn;
  beforeEach(() => {
    time = new TestTime();
    committed = [];
    events = [];
    certified = true;
    wasGivenBack = false;
    copies = new OwnCopiesIn({
      store: {
        commitCopies: async (items) => {
          committed.push(...items);
          return items.map(({ content }) => ({
            message: { kind: content.type, text: 'copied', change: 1 } as StoredMessage,
            touched: [],
            ...(wasGivenBack && { isKnown: true }),
          }));
        },
        applyCopyReceipt: async () => [{ text: 'changed' } as StoredMessage],
      },
      wallNow: time.wallNow,
      isOwn: (device) => certified && device === LAPTOP.device,
      onMessages: (messages, isNew) => {
        for (const message of messages) events.push([message.text, isNew]);
      },
    });
  });

  it('[DL58] commits a copy as a message of the device that sent it, and tells of it', async () => {
    await copies.handleCopy(LAPTOP, { type: 'copy', chat: BOB, refused: false, content: encodeContent(text(7)) });
    expect(committed).toEqual([{ chat: BOB, device: LAPTOP.device, refused: false, content: text(7) }]);
    expect(events).toEqual([['copied', true]]);
  });

  it('[DL58] tells of a copy that takes the place of a row as of a change, also when nothing is to be shown any more', async () => {
    wasGivenBack = true;
    const { type, text: _text, replyTo, ...numbered } = text(8);
    for (const content of [text(7), { ...numbered, type: 'void' } as const]) {
      await copies.handleCopy(LAPTOP, { type: 'copy', chat: BOB, refused: false, content: encodeContent(content) });
    }
    expect(events).toEqual([
      ['copied', false],
      ['copied', false],
    ]);
  });

  it('[DL58] takes over what became of it', async () => {
    await copies.handleCopy(LAPTOP, states);
    expect(events).toEqual([['changed', false]]);
  });

  it('[DL55] takes nothing from a device that stands in no own list', async () => {
    certified = false;
    await copies.handleCopy(LAPTOP, { type: 'copy', chat: BOB, refused: false, content: encodeContent(text(7)) });
    await copies.handleCopy(LAPTOP, states);
    expect(committed).toEqual([]);
    expect(events).toEqual([]);
  });

  it('drops what is no numbered content, or is stamped a day ahead', async () => {
    const ahead = { wallMs: (time.wallNow() + 25 * 3_600_000) as WallMs, counter: 0 };
    const contents = [new Uint8Array([9, 9]), encodeContent({ type: 'cannot-open', ids: [] })];
    contents.push(encodeContent(text(7, { stamp: ahead })), encodeContent(text(0)));
    for (const content of contents)
      await copies.handleCopy(LAPTOP, { type: 'copy', chat: BOB, refused: false, content });
    expect(committed).toEqual([]);
  });
});
