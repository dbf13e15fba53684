import type { ChildProcess } from 'node:child_process';

/** From SIGUSR1 to the address of the inspector on stderr; then as long again to connect. */
const OPEN_MS_MAX = 5_000;

/** What V8 and Node hold, in bytes. */
export interface HeapFigures {
  readonly rss: number;
  readonly heapTotal: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

/**
 * Makes a running Node collect its garbage and tells what is left: what RSS alone cannot say, since it keeps the pages
 * of garbage. The process needs `--inspect-port=0` (NODE_OPTIONS), and carries the inspector's own few MB afterwards.
 */
export class HeapInspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = (event) => {
      const { id, result } = JSON.parse(String(event.data)) as { readonly id?: number; readonly result?: unknown };
      if (id === undefined) return;
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    };
  }

  /** Once per process: a second signal opens nothing. */
  static async open(child: ChildProcess): Promise<HeapInspector> {
    const socket = new WebSocket(await addressOf(child));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error('the inspector of the server does not answer'));
    });
    return new HeapInspector(socket);
  }

  async collected(): Promise<HeapFigures> {
    // Objects with finalizers go one collection later than those that only they held.
    for (let i = 0; i < 3; i++) await this.#call('HeapProfiler.collectGarbage');
    const expression = 'JSON.stringify(process.memoryUsage())';
    const answer = (await this.#call('Runtime.evaluate', { expression })) as { readonly result: { value: string } };
    return JSON.parse(answer.result.value) as HeapFigures;
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string, params: object = {}): Promise<unknown> {
    return new Promise((resolve) => {
      const id = this.#nextId++;
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the server opened no inspector')), OPEN_MS_MAX);
    let text = '';
    const listen = (chunk: Buffer): void => {
      text += chunk;
      const [, address] = /Debugger listening on (ws:\S+)\s/.exec(text) ?? [];
      if (address === undefined) return;
      clearTimeout(timer);
      child.stderr!.off('data', listen);
      resolve(address);
    };
    child.stderr!.on('data', listen);
    child.kill('SIGUSR1');
  });
}
