import { silentLog } from '@magpie/common/log.ts';
import { err, ok } from '@magpie/common/result.ts';
import { expect, it } from 'vitest';
import { DEFAULT_SETTINGS, type PeerStore } from '../store/store.ts';
import type { AccountLink } from './account-link.ts';
import { OwnPresence } from './own-presence.ts';
import type { PeerSessions } from './peer-sessions.ts';
import { TestTime } from './test-incoming.ts';

it('[DL32] answers no handshake again when the server does not take the wish to be seen', async () => {
  let isOpen = true;
  let takes = true;
  const refused = err({ kind: 'refused', code: 'rate-limited', retryAfterMs: 5_000 });
  const account = {
    profile: { signedIn: true },
    up: true,
    request: async () => (takes ? ok({ type: 'done' }) : refused),
  };
  const sessions: Pick<PeerSessions, 'closeAll' | 'reopen'> = {
    closeAll: () => {
      isOpen = false;
    },
    reopen: () => {
      isOpen = true;
    },
  };
  const store: Pick<PeerStore, 'saveSettings'> = { saveSettings: async () => {} };
  const presence = new OwnPresence({
    clock: new TestTime().clock,
    log: silentLog,
    store: store as PeerStore,
    account: account as unknown as AccountLink,
    sessions: sessions as PeerSessions,
    connected: async () => true,
    onVisible: () => {},
    onInvisible: () => {},
    onChanged: () => {},
  });
  presence.load({ ...DEFAULT_SETTINGS, presence: 'online' });
  await presence.set('invisible');
  expect(isOpen).toBe(false);
  takes = false;
  expect(await presence.set('online')).toMatchObject({ ok: false });
  expect([presence.wish, isOpen]).toEqual(['invisible', false]);
  takes = true;
  await presence.set('online');
  expect([presence.wish, isOpen]).toEqual(['online', true]);
  presence.stop();
});
