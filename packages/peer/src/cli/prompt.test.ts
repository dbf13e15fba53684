import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CliPorts } from './ports.ts';
import { ask, askSecret, confirm } from './prompt.ts';

describe('asking for a secret', () => {
  it('ends the echo before the question appears, and brings it back after the answer', async () => {
    const terminal = fakeTerminal();
    const answer = askSecret(terminal.ports, 'Password: ');
    terminal.type('s3cret\r');
    expect(await answer).toBe('s3cret');
    expect(terminal.happened).toEqual(['raw', 'Password: ', 'cooked', '\n']);
  });

  it('understands backspace, Ctrl-U and characters that come in pieces', async () => {
    const terminal = fakeTerminal();
    const answer = askSecret(terminal.ports, '? ');
    const bytes = Buffer.from('wrong\u0015密碼x\u007f\r');
    for (const byte of bytes) terminal.type(Buffer.from([byte]));
    expect(await answer).toBe('密碼');
  });

  it.each(['\u0003', '\u0004'])('is cancelled by %j and by the end of input', async (key) => {
    const terminal = fakeTerminal();
    const answer = askSecret(terminal.ports, '? ');
    terminal.type(key);
    await expect(answer).rejects.toMatchObject({ exit: 130 });
    const ended = fakeTerminal();
    const never = askSecret(ended.ports, '? ');
    ended.end();
    await expect(never).rejects.toMatchObject({ exit: 130 });
  });
});

describe('asking a question', () => {
  it('takes only yes for yes', async () => {
    for (const [typed, sure] of [
      ['y', true],
      ['YES', true],
      ['是', true],
      ['', false],
      ['yep', false],
    ] as const) {
      const terminal = fakeTerminal();
      const answer = confirm(terminal.ports, '? ');
      terminal.type(`${typed}\n`);
      expect([typed, await answer]).toEqual([typed, sure]);
    }
  });

  it('is cancelled by the end of input', async () => {
    const terminal = fakeTerminal();
    const answer = ask(terminal.ports, '? ');
    terminal.end();
    await expect(answer).rejects.toMatchObject({ exit: 130 });
  });
});

function fakeTerminal() {
  const happened: string[] = [];
  const setRawMode = (raw: boolean) => happened.push(raw ? 'raw' : 'cooked');
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode });
  const stderr = new PassThrough();
  stderr.write = (text: unknown) => {
    happened.push(String(text));
    return true;
  };
  const ports = { stdin, stderr } as unknown as CliPorts;
  return { ports, happened, type: (text: string | Buffer) => stdin.write(text), end: () => stdin.end() };
}
