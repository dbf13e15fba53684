import type { Log } from '@magpie/common/log.ts';
import { sleep } from '@magpie/common/time.ts';
import { SeededRandom } from './seeded-random.ts';
import type { HostNetwork } from './sim-network.ts';
import { ProcessClock, type VirtualTime } from './virtual-time.ts';

export interface LogLine {
  readonly atMs: number;
  readonly host: string;
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: object;
}

/** One life of a program on a host: its clock, chance and disk. A new life gets a new one; nothing of the old one acts. */
export class SimProcess {
  readonly clock: ProcessClock;
  readonly random: SeededRandom;
  readonly log: Log;
  #alive = true;

  constructor(options: {
    readonly time: VirtualTime;
    readonly seed: number;
    readonly host: HostNetwork;
    readonly life: number;
    /** How far somebody has set the machine's wall clock off. */
    readonly clockStepMs?: () => number;
    readonly onLog: (line: LogLine) => void;
  }) {
    const { time, host, life, clockStepMs = () => 0 } = options;
    const name = `${host.name}#${life}`;
    const setting = new SeededRandom(options.seed, `setting of ${name}`);
    this.clock = new ProcessClock(time, {
      startMs: setting.whole(0, 1_000_000) - time.nowMs,
      wallSkewMs: new SeededRandom(options.seed, `skew of ${host.name}`).whole(-5_000, 5_000),
      wallStepMs: clockStepMs,
    });
    this.random = new SeededRandom(options.seed, name);
    const line = (level: LogLine['level']) => (fields: object, message: string) => {
      if (this.#alive) options.onLog({ atMs: time.nowMs, host: host.name, level, message, fields });
    };
    this.log = { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
  }

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    this.#alive = false;
    this.clock.kill();
  }

  /** What a disk needs to make bytes safe; never ends when the process dies before. */
  sync(syncMs: number): Promise<void> {
    return sleep(this.clock, syncMs);
  }
}
