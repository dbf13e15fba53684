import { PAGE_EN } from '@magpie/common/i18n/page-texts-en.ts';
import { createPageTranslator } from '@magpie/common/i18n/page-translator.ts';
import { describe, expect, it } from 'vitest';
import { roadSentence } from './road-words.ts';

const { text: t } = createPageTranslator('en', PAGE_EN);
const relay = { kind: 'relay', lan: false, rttMs: 40 } as const;

describe('why a road is taken', () => {
  it.each([
    ['direct', { path: { kind: 'direct', lan: false, rttMs: 1 }, state: 'direct', reason: 'proven' }],
    ['lan', { path: { kind: 'direct', lan: true, rttMs: 1 }, state: 'direct', reason: 'proven' }],
    ['mailbox', { path: { kind: 'mailbox', lan: false, rttMs: 0 }, state: 'none', reason: '' }],
    ['relay-never-direct', { path: relay, state: 'cold', reason: 'never-direct' }],
    ['relay-no-udp', { path: relay, state: 'blocked', reason: 'no-udp' }],
    ['relay-idle', { path: relay, state: 'cold', reason: 'idle' }],
    ['relay-trying', { path: relay, state: 'punching', reason: 'idle' }],
    ['relay-lost', { path: relay, state: 'relayed', reason: 'lost' }],
    ['relay-trying', { path: relay, state: 'punching', reason: 'start' }],
    ['relay', { path: relay, state: 'relayed', reason: 'of-a-newer-version' }],
  ] as const)('is said for %s', (name, path) => {
    expect(roadSentence({ session: 'established', ...path }, null, { t })).toBe(t(`road.why.${name}`));
  });

  it('is said where there is no road', () => {
    const none = { path: null, state: 'none', reason: '' };
    expect(roadSentence({ session: 'handshaking', ...none }, null, { t })).toBe(t('road.why.greeting'));
    expect(roadSentence({ session: 'waiting', ...none }, null, { t })).toBe(t('road.why.no-server'));
    expect(roadSentence(undefined, undefined, { t })).toBe(t('road.why.none'));
  });
});
