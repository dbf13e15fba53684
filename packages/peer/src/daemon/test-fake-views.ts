import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { AccountView, ContactView, DeviceView, PathView } from '../engine/engine.ts';

export function accountOf(name: string, server: string): AccountView {
  return {
    account: 10_001 as AccountNumber,
    name: name as AccountName,
    displayName: name,
    server,
    signedIn: true,
    device: 'd'.repeat(32),
    signatureLine: '',
  };
}

export function deviceOf(digit: string, label: string, own: boolean): DeviceView {
  return {
    device: digit.repeat(32),
    label,
    own,
    active: true,
    online: own,
    lastLoginAt: 1_760_000_000_000 as WallMs,
  };
}

export function safetyOf(contact: ContactView) {
  const digits = Array.from({ length: 12 }, (_, i) => String(10_000 + i)).join(' ');
  return { contact, digits, verified: contact.verified, keyChanged: contact.keyChanged };
}

export function pathOf(contact: ContactView): PathView {
  return {
    account: contact.account,
    name: contact.name,
    session: 'established',
    path: contact.path,
    state: 'direct',
    reason: 'proven',
    endpoint: '192.0.2.2:4000',
    packetsSent: 3,
    packetsReceived: 4,
    packetsLost: 0,
  };
}
