import { describe, expect, it } from 'vitest';
import { snippetOf } from './snippet.ts';

describe('what a search shows of a message', () => {
  it('marks each word where it stands, in any case', () => {
    expect(snippetOf('We eat at Noon, we talk', 'WE noon')).toEqual([
      { text: 'We', marked: true },
      { text: ' eat at ', marked: false },
      { text: 'Noon', marked: true },
      { text: ', ', marked: false },
      { text: 'we', marked: true },
      { text: ' talk', marked: false },
    ]);
    expect(snippetOf('一起去吃饭吧', '吃饭')).toEqual([
      { text: '一起去', marked: false },
      { text: '吃饭', marked: true },
      { text: '吧', marked: false },
    ]);
  });

  it('begins shortly before the first match of a long text and says that there is more', () => {
    const parts = snippetOf(`${'word '.repeat(50)}needle${' word'.repeat(80)}`, 'needle');
    expect(parts[0]).toEqual({ text: '…', marked: false });
    expect(parts.at(-1)).toEqual({ text: '…', marked: false });
    expect(parts.find(({ marked }) => marked)?.text).toBe('needle');
    expect(parts.map(({ text }) => text).join('').length).toBeLessThan(200);
  });

  it('shows without marks what was found by other rules', () => {
    expect(snippetOf('café', 'cafe')).toEqual([{ text: 'café', marked: false }]);
    expect(snippetOf('ﬁne print', 'print').some(({ text }) => text.includes('ﬁne'))).toBe(true);
  });
});
