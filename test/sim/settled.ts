import type { AccountNumber } from '@magpie/common/ids.ts';
import type { SimPeer } from './sim-peer.ts';

/** The machines of each account. */
type Devices = ReadonlyMap<AccountNumber, readonly SimPeer[]>;
type AreApart = (a: AccountNumber, b: AccountNumber) => boolean;

/** What somebody has not committed yet, friends or own machines, as the disk of its sender says. */
export function owedBy(devices: Devices, areApart: AreApart): readonly string[] {
  const owed: string[] = [];
  for (const [account, senders] of devices) {
    const waits = (chat: AccountNumber): boolean => chat !== account && devices.has(chat) && !areApart(account, chat);
    for (const sender of senders) {
      const { calls } = sender.disk;
      for (const { chat } of calls.devicesBehind()) if (waits(chat)) owed.push(`messages of ${sender.name} to ${chat}`);
      for (const chat of calls.chatsWithUndelivered()) {
        if (waits(chat) && calls.undelivered(chat, 1).length > 0) owed.push(`messages of ${sender.name} for ${chat}`);
      }
      for (const own of senders) if (own !== sender) owed.push(...copiesOwed(sender, own, waits));
    }
  }
  return owed;
}

/** What was received or read, and its sender was not told. */
export function untoldBy(devices: Devices, areApart: AreApart): readonly string[] {
  return [...devices].flatMap(([account, own]) =>
    own.flatMap((device) =>
      device.disk.calls
        .receiptsOwed()
        .filter(({ chat }) => !areApart(account, chat))
        .map(({ chat }) => `receipts of ${device.name} for ${chat}`),
    ),
  );
}

function copiesOwed(sender: SimPeer, own: SimPeer, waits: (chat: AccountNumber) => boolean): readonly string[] {
  const { calls } = sender.disk;
  const owed = calls.uncopiedTo(own.device, 1).length > 0 ? [`copies of ${sender.name} for ${own.name}`] : [];
  const states = calls.copyStatesOwed(own.device).filter(({ chat }) => waits(chat));
  return states.length > 0 ? [...owed, `states of copies of ${sender.name} for ${own.name}`] : owed;
}
