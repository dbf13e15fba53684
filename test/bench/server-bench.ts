import type { Row } from '../../scripts/report.ts';
import type { Say } from './command.ts';
import { connectionBench } from './connection-bench.ts';
import { passwordBench } from './password-bench.ts';
import { presenceBench } from './presence-bench.ts';
import { relayBench } from './relay-bench.ts';
import { ServerStage } from './server-stage.ts';

export const SECTIONS = ['connections', 'passwords', 'relay', 'presence'] as const;
export type Section = (typeof SECTIONS)[number];

/** Figures of a real magpie-server under load from another process. @param sections in the order in which they are run */
export async function serverBench(
  connections: number,
  sections: readonly Section[],
  say: Say,
): Promise<readonly Row[]> {
  const stage = new ServerStage(say);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => void stage.close().then(() => process.exit(name === 'SIGINT' ? 130 : 143)));
  }
  const run: Readonly<Record<Section, () => Promise<readonly Row[]>>> = {
    connections: () => connectionBench(stage, connections),
    passwords: () => passwordBench(stage),
    relay: () => relayBench(stage),
    presence: () => presenceBench(stage),
  };
  try {
    const rows: Row[] = [];
    for (const section of sections) rows.push(...(await run[section]()));
    return rows;
  } finally {
    await stage.close();
  }
}
