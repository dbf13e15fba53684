import { describe, expect, it } from 'vitest';
import { FlowControl } from './flow-control.ts';
import { CREDIT_WINDOW_BYTES } from './limits.ts';
import { Outgoing } from './outgoing.ts';

describe('connection credit (TR)', () => {
  it('[TR16] begins with one window on both sides, and more than it is refused', () => {
    const flow = new FlowControl();
    expect(flow.sendRoomBytes).toBe(CREDIT_WINDOW_BYTES);
    expect(flow.onReceived(CREDIT_WINDOW_BYTES)).toBe(true);
    expect(flow.onReceived(1)).toBe(false);
  });

  it('[TR16] is renewed when less than half of the window is left, to one window above what was delivered', () => {
    const flow = new FlowControl();
    flow.onReceived(CREDIT_WINDOW_BYTES / 2);
    flow.onDelivered(CREDIT_WINDOW_BYTES / 2);
    expect(flow.creditPending).toBe(false);
    flow.onReceived(1_000);
    flow.onDelivered(1_000);
    expect(flow.creditPending).toBe(true);
    expect(flow.advertise()).toBe(CREDIT_WINDOW_BYTES + CREDIT_WINDOW_BYTES / 2 + 1_000);
    expect(flow.creditPending).toBe(false);
  });

  it('[TR16] a late, lower CREDIT takes nothing away', () => {
    const flow = new FlowControl();
    flow.onCredit(CREDIT_WINDOW_BYTES * 2);
    flow.onCredit(CREDIT_WINDOW_BYTES);
    flow.onSent(1_000);
    expect(flow.sendRoomBytes).toBe(CREDIT_WINDOW_BYTES * 2 - 1_000);
  });

  it('[TR16] a lost CREDIT is sent again with the limit of that moment', () => {
    const flow = new FlowControl();
    const outgoing = new Outgoing(0, flow);
    flow.onReceived(CREDIT_WINDOW_BYTES);
    flow.onDelivered(1_000);
    flow.advertise();
    flow.onDelivered(2_000);
    flow.advertise();
    outgoing.requeue([{ kind: 'credit' }]);
    expect(flow.creditPending).toBe(true);
    expect(flow.advertise()).toBe(CREDIT_WINDOW_BYTES + 3_000);
  });
});
