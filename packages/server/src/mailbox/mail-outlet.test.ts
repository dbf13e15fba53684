import { decodeFrame } from '@magpie/common/frames/frame.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, RequestId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAIL_HELD_MAX } from '../limits.ts';
import { MailOutlet } from './mail-outlet.ts';

const PAGE = 9 as RequestId;
const QUEUED_BYTES_MAX = 1_000;

describe('what of a log a session is sent', () => {
  it('[SV114] pushes nothing before the log was read to its end', () => {
    const { outlet, wire } = outletOn();
    outlet.offer(mail(5));
    outlet.beginPage([]);
    outlet.endPage(PAGE, { entries: [mail(1), mail(2)], last: false });
    outlet.offer(mail(6));
    expect(wire.told()).toEqual([{ page: [1, 2], last: false }]);
    outlet.beginPage([]);
    outlet.endPage(PAGE, { entries: [mail(5), mail(6)], last: true });
    outlet.offer(mail(7));
    expect(wire.told()).toEqual([{ page: [1, 2], last: false }, { page: [5, 6], last: true }, { push: [7] }]);
    expect([outlet.sentUpTo, outlet.pushes]).toEqual([7, 1]);
  });

  it('[SV114] pushes after a page what came while it was read and is not in it', () => {
    const { outlet, wire } = outletOn();
    outlet.beginPage([mail(3)]);
    outlet.offer(mail(4));
    outlet.offer(mail(5));
    outlet.endPage(PAGE, { entries: [mail(1), mail(4)], last: true });
    expect(wire.told()).toEqual([{ page: [1, 4], last: true }, { push: [5] }]);
  });

  it('[SV114] goes on with another page when more came meanwhile than it holds', () => {
    const { outlet, wire } = outletOn();
    outlet.beginPage([]);
    for (let position = 1; position <= MAIL_HELD_MAX + 1; position++) outlet.offer(mail(position));
    outlet.endPage(PAGE, { entries: [], last: true });
    outlet.offer(mail(200));
    expect(wire.told()).toEqual([{ page: [], last: false }]);
  });

  it('[SV115] says once that there is more to a reader that takes nothing, and is silent until it asks', () => {
    const { outlet, wire } = outletOn();
    outlet.beginPage([]);
    outlet.endPage(PAGE, { entries: [], last: true });
    wire.queuedBytes = QUEUED_BYTES_MAX;
    outlet.offer(mail(1));
    wire.queuedBytes = 0;
    outlet.offer(mail(2));
    expect(wire.told()).toEqual([{ page: [], last: true }, { push: [] }]);
    outlet.beginPage([]);
    outlet.endPage(PAGE, { entries: [mail(1), mail(2)], last: true });
    outlet.offer(mail(3));
    expect(wire.told().slice(2)).toEqual([{ page: [1, 2], last: true }, { push: [3] }]);
  });

  it('[SV114] reads again what a page that failed would have held', () => {
    const { outlet, wire } = outletOn();
    outlet.beginPage([]);
    outlet.offer(mail(1));
    outlet.dropPage();
    outlet.offer(mail(2));
    expect(wire.told()).toEqual([]);
  });

  it('[SV114] leaves no hole and sends nothing twice, however reading, putting and slowness cross', () => {
    const step = fc.constantFrom('put', 'put', 'begin', 'read', 'end', 'slow', 'fast', 'commit');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 4 }), (steps, pageMax) => {
        const world = new LogModel(pageMax);
        for (const name of steps) world.step(name);
        world.readToTheEnd();
        expect(world.received).toEqual(Array.from({ length: world.newest }, (_, i) => i + 1));
      }),
      { numRuns: 500 },
    );
  });
});

/** A log whose commits lag behind its puts, read by a client that asks for the next page whenever it must. */
class LogModel {
  readonly received: number[] = [];
  newest = 0;
  readonly #pageMax: number;
  readonly #made = outletOn();
  #underWay: MailEntry[] = [];
  #log: MailEntry[] = [];
  #seen = 0;
  #reading: { page: { entries: readonly MailEntry[]; last: boolean } | undefined } | undefined;

  constructor(pageMax: number) {
    this.#pageMax = pageMax;
  }

  step(name: string): void {
    const { outlet, wire } = this.#made;
    switch (name) {
      case 'put':
        this.newest += 1;
        outlet.offer(mail(this.newest));
        this.#underWay.push(mail(this.newest));
        break;
      case 'commit':
        this.#log.push(...this.#underWay.splice(0, 2));
        break;
      case 'begin':
        if (this.#reading) break;
        outlet.beginPage(this.#underWay.filter(({ position }) => position > this.#last()));
        this.#reading = { page: undefined };
        break;
      case 'read': {
        if (!this.#reading || this.#reading.page) break;
        const above = this.#log.filter(({ position }) => position > this.#last());
        this.#reading.page = { entries: above.slice(0, this.#pageMax), last: above.length <= this.#pageMax };
        break;
      }
      case 'end':
        if (!this.#reading?.page) break;
        outlet.endPage(PAGE, this.#reading.page);
        this.#reading = undefined;
        break;
      case 'slow':
        wire.queuedBytes = QUEUED_BYTES_MAX;
        break;
      default:
        wire.queuedBytes = 0;
    }
    for (const told of wire.told().slice(this.#seen)) this.received.push(...(told.page ?? told.push ?? []));
    this.#seen = wire.told().length;
  }

  readToTheEnd(): void {
    for (const name of ['fast', 'read', 'end']) this.step(name);
    for (let i = 0; i <= this.newest; i++) for (const name of ['commit', 'begin', 'read', 'end']) this.step(name);
  }

  #last(): number {
    return this.received.at(-1) ?? 0;
  }
}

interface Told {
  readonly page?: readonly number[];
  readonly push?: readonly number[];
  readonly last?: boolean;
}

function outletOn() {
  const sent: Told[] = [];
  const wire = {
    open: true,
    queuedBytes: 0,
    send(bytes: Uint8Array): void {
      const frame = decodeFrame(bytes, 'server', 'authenticated');
      if (!frame.ok || frame.value?.type !== 'mail') throw new Error('not a mail frame');
      const positions = frame.value.entries.map(({ position }) => position);
      const { last, requestId } = frame.value;
      sent.push(requestId === 0 ? { push: positions } : { page: positions, last });
    },
    told: () => sent,
  };
  return { outlet: new MailOutlet(wire, QUEUED_BYTES_MAX), wire };
}

function mail(position: number): MailEntry {
  return {
    position,
    fromAccount: 10_001 as AccountNumber,
    from: '0f'.repeat(16) as DeviceId,
    atWallMs: 1 as WallMs,
    envelope: Uint8Array.of(position),
  };
}
