import { type ChildProcess, fork } from 'node:child_process';

type Request = { readonly id: number; readonly name: string; readonly value: unknown };
type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string };
type Note = { readonly note: unknown };

/** A figure is taken by one program from another, so that they share neither an event loop nor a heap. */
export class BenchProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  readonly #onNote: (note: unknown) => void;
  #nextId = 1;

  /** @param file of a module that calls `serveBench` */
  constructor(file: URL, onNote: (note: unknown) => void = () => {}) {
    this.#child = fork(file, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.pid = this.#child.pid!;
    this.#onNote = onNote;
    this.#child.on('message', (message) => this.#receive(message as Answer | Note));
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`a process of the bench ended with ${code}`));
      this.#waiting.clear();
    });
  }

  call<T>(name: string, value?: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, name, value } satisfies Request);
    });
  }

  note(note: unknown): void {
    if (this.#child.connected) this.#child.send({ note } satisfies Note);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(timer);
  }

  #receive(message: Answer | Note): void {
    if ('note' in message) return this.#onNote(message.note);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.value as never);
    else waiting?.reject(new Error(message.error));
  }
}

type Handlers = Readonly<Record<string, (value: never) => unknown>>;

/** The other end of a BenchProcess: answers its calls until it lets go. @returns a way to send notes */
export function serveBench(handlers: Handlers, onNote: (note: unknown) => void = () => {}): (note: unknown) => void {
  const answer = async ({ id, name, value }: Request): Promise<Answer> => {
    try {
      return { id, value: await handlers[name]!(value as never) };
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on('message', (message: Request | Note) => {
    if ('note' in message) return onNote(message.note);
    void answer(message).then((reply) => process.connected && process.send!(reply));
  });
  process.on('disconnect', () => process.exit(0));
  return (note) => {
    if (process.connected) process.send!({ note } satisfies Note);
  };
}
