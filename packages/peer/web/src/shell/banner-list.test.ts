import type { ContactJson, NoticeJson, StatusJson } from '@magpie/common/rpc/schemas.ts';
import { describe, expect, it } from 'vitest';
import { bannersOf } from './banner-list.ts';

const CONNECTED = status({ state: 'connected' });

describe('what stands above everything', () => {
  it('is nothing while all is well', () => {
    expect(bannersOf(shown({}))).toEqual([]);
  });

  it('tells of the daemon alone when it is gone, since nothing else is known then', () => {
    const waiting = status({ state: 'waiting', lastError: 'ECONNREFUSED' });
    const lost = { state: 'lost', attempts: 1, retryAtMs: 0 } as const;
    expect(bannersOf(shown({ daemon: lost, status: waiting })).map(({ kind }) => kind)).toEqual(['daemon-lost']);
  });

  it('tells why the server is out of reach and when it is tried again', () => {
    const retryAt = '2026-01-01T00:00:05.000Z';
    const waiting = status({ state: 'waiting', lastError: 'ECONNREFUSED', retryAt });
    expect(bannersOf(shown({ status: waiting }))).toEqual([{ kind: 'server-lost', because: 'ECONNREFUSED', retryAt }]);
  });

  it('tells a chosen rest from a link that ended', () => {
    const ended = status({ state: 'stopped', lastError: 'replaced' });
    expect(bannersOf(shown({ status: { ...ended, wish: 'offline' } }))).toEqual([{ kind: 'offline' }]);
    expect(bannersOf(shown({ status: ended }))).toEqual([{ kind: 'server-stopped', because: 'replaced' }]);
  });

  it('asks for no recovery code of a device that is signed out', () => {
    const out = { ...status({ state: 'signed-out', lastError: 'revoked' }), recoveryUnseen: true };
    expect(bannersOf(shown({ status: out }))).toEqual([{ kind: 'signed-out', because: 'revoked' }]);
    expect(bannersOf(shown({ status: { ...CONNECTED, recoveryUnseen: true } }))).toEqual([{ kind: 'recovery-unseen' }]);
  });

  it('names the first friend with another key and counts the others, but nobody who is no friend any more', () => {
    const contacts = [contact('10001', 'removed'), contact('10002', 'member'), contact('10003', 'member')];
    const items = bannersOf(shown({ contacts: new Map(contacts.map((each) => [each.id, each])) }));
    expect(items).toEqual([{ kind: 'key-changed', contact: contacts[1], others: 1 }]);
  });

  it('shows the newest notice that nobody has put away', () => {
    const notices = [notice('3', true), notice('2', false), notice('1', false)];
    expect(bannersOf(shown({ notices }))).toEqual([{ kind: 'notice', notice: notices[1], others: 1 }]);
  });
});

function shown(patch: Partial<Parameters<typeof bannersOf>[0]>): Parameters<typeof bannersOf>[0] {
  return { daemon: { state: 'open' }, status: CONNECTED, contacts: new Map(), notices: [], ...patch };
}

function status(server: Partial<StatusJson['server']>): StatusJson {
  return {
    account: null,
    server: { state: 'connected', rttMs: null, lastError: null, retryAt: null, ...server },
    presence: 'online',
    wish: 'online',
    neverDirect: false,
    recoveryUnseen: false,
  } as unknown as StatusJson;
}

function contact(id: string, state: ContactJson['state']): ContactJson {
  return { id, state, keyChanged: true } as ContactJson;
}

function notice(id: string, dismissed: boolean): NoticeJson {
  return { id, at: '2026-01-01T00:00:00.000Z', text: 'maintenance', dismissed };
}
