import { describe, expect, it } from 'vitest';
import { type Place, parseTrail, stepTo, type Trail } from './trail.ts';

const LIST = place({});
const BOB = place({ chat: '10002' });
const ABOUT_BOB = place({ chat: '10002', panel: 'about' });
const CAROL = place({ chat: '10003' });
const SETTINGS = place({ screen: 'settings' });

describe('the way back through the page', () => {
  it.each([true, false])('goes forward with what is opened, and back with what is closed (narrow: %s)', (isNarrow) => {
    expect(stepTo([LIST], BOB, isNarrow)).toEqual({ type: 'push', trail: [LIST, BOB] });
    expect(stepTo([LIST, BOB], ABOUT_BOB, isNarrow)).toEqual({ type: 'push', trail: [LIST, BOB, ABOUT_BOB] });
    expect(stepTo([LIST, BOB, ABOUT_BOB], BOB, isNarrow)).toEqual({ type: 'back', entries: 1 });
    expect(stepTo([LIST, BOB], LIST, isNarrow)).toEqual({ type: 'back', entries: 1 });
    expect(stepTo([LIST, BOB], SETTINGS, isNarrow)).toEqual({ type: 'push', trail: [LIST, BOB, SETTINGS] });
    expect(stepTo([LIST, BOB, SETTINGS], BOB, isNarrow)).toEqual({ type: 'back', entries: 1 });
    expect(stepTo([LIST, BOB], BOB, isNarrow)).toEqual({ type: 'stay' });
  });

  it('has the list of a narrow window as its beginning, however many conversations lie between', () => {
    expect(stepTo([LIST, BOB, CAROL], LIST, true)).toEqual({ type: 'back', entries: 2 });
    expect(stepTo([BOB], LIST, true)).toEqual({ type: 'replace', trail: [LIST] });
    expect(stepTo([LIST, BOB, ABOUT_BOB], LIST, true)).toEqual({ type: 'back', entries: 2 });
  });

  it('leads in a wide window to the conversation before, also after the last one was closed', () => {
    expect(stepTo([LIST, BOB, CAROL], LIST, false)).toEqual({ type: 'push', trail: [LIST, BOB, CAROL, LIST] });
    expect(stepTo([LIST, BOB, CAROL], BOB, false)).toEqual({ type: 'push', trail: [LIST, BOB, CAROL, BOB] });
  });

  it('leaves out what is closed when it was not opened from there', () => {
    expect(stepTo([ABOUT_BOB], BOB, false)).toEqual({ type: 'replace', trail: [BOB] });
    expect(stepTo([LIST, ABOUT_BOB], BOB, true)).toEqual({ type: 'replace', trail: [LIST, BOB] });
  });

  it('leads from what a search has found back to the search', () => {
    const search = place({ screen: 'search' });
    expect(stepTo([LIST, BOB, search], CAROL, false)).toEqual({ type: 'push', trail: [LIST, BOB, search, CAROL] });
    expect(stepTo([LIST, search], CAROL, true)).toEqual({ type: 'push', trail: [LIST, search, CAROL] });
  });

  it('closes one screen that was opened from another together with that', () => {
    const notices = place({ screen: 'notices' });
    expect(stepTo([LIST, BOB, SETTINGS, notices], BOB, false)).toEqual({ type: 'back', entries: 2 });
    expect(stepTo([LIST, SETTINGS, notices], LIST, true)).toEqual({ type: 'back', entries: 2 });
  });

  it('keeps an entry of the history small', () => {
    let trail: Trail = [LIST];
    for (let each = 0; each < 100; each++) {
      const step = stepTo(trail, each % 2 === 0 ? BOB : CAROL, false);
      if (step.type === 'push') trail = step.trail;
    }
    expect(trail.length).toBe(32);
    expect(JSON.stringify(trail).length).toBeLessThan(4_096);
  });

  it('takes from the history only what the page has put there', () => {
    expect(parseTrail({ places: [LIST, BOB] })).toEqual([LIST, BOB]);
    for (const other of [
      null,
      undefined,
      'x',
      {},
      { places: [] },
      { places: [{ ...BOB, screen: 'sign-in' }] },
      { places: [{ ...BOB, chat: 5 }] },
    ]) {
      expect(parseTrail(other)).toBeUndefined();
    }
  });
});

function place(patch: Partial<Place>): Place {
  return { screen: 'none', chat: undefined, panel: 'none', ...patch };
}
