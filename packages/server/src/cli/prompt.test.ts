import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CliInput, CliPorts } from './ports.ts';
import { ask, askSecret } from './prompt.ts';

describe('a prompt', () => {
  it('asks for a secret without showing it; backspace takes a sign back', async () => {
    const terminal = new Terminal();
    const typed = askSecret(terminal.ports, 'New password: ');
    terminal.stdin.write('gehei\u007fm 密码\r');
    expect(await typed).toBe('gehem 密码');
    expect(terminal.shown).toBe('New password: \n');
    expect(terminal.raw).toEqual([true, false]);
  });

  it('reads a line as it is typed, with the terminal as it was', async () => {
    const terminal = new Terminal();
    const typed = ask(terminal.ports, 'Name: ');
    terminal.stdin.write('alice\n');
    expect(await typed).toBe('alice');
    expect(terminal.raw).toEqual([]);
  });

  it.each(['\u0003', 'half\u0003', '\u0004'])('is cancelled by %j, and the terminal echoes again', async (keys) => {
    const terminal = new Terminal();
    const typed = askSecret(terminal.ports, '? ');
    terminal.stdin.write(keys);
    await expect(typed).rejects.toMatchObject({ code: 'CANCELLED', exit: 130 });
    expect(terminal.raw).toEqual([true, false]);
  });

  it('is cancelled by the end of input', async () => {
    const terminal = new Terminal();
    const typed = ask(terminal.ports, '? ');
    terminal.stdin.end();
    await expect(typed).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('asks nobody where there is no terminal', async () => {
    const terminal = new Terminal();
    Object.assign(terminal.stdin, { isTTY: false });
    await expect(async () => ask(terminal.ports, '? ')).rejects.toMatchObject({ code: 'INPUT_NEEDED', exit: 2 });
    expect(terminal.shown).toBe('');
  });
});

class Terminal {
  shown = '';
  readonly raw: boolean[] = [];
  readonly stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => this.raw.push(raw),
  });
  readonly ports = {
    stdin: this.stdin as CliInput,
    stderr: { write: (text: string) => (this.shown += text) },
  } as unknown as CliPorts;
}
