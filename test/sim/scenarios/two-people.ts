import { Oracle, type OracleOptions } from '../oracle.ts';
import { Person } from '../person.ts';
import type { ScenarioOutcome } from '../scenario.ts';
import { befriend } from '../setup.ts';
import { World, type WorldOptions } from '../world.ts';

export interface TwoPeople {
  readonly world: World;
  readonly oracle: Oracle;
  readonly alice: Person;
  readonly bob: Person;
}

/** Alice and Bob are friends, have each a machine, and know the mailbox keys of each other. */
export async function twoPeople(options: WorldOptions, judging: OracleOptions = {}): Promise<TwoPeople> {
  const world = new World(options);
  const oracle = new Oracle(world, judging);
  await world.settle(world.server.start(), 'the server starts');
  const [alice, bob] = [new Person(world, oracle, 'alice'), new Person(world, oracle, 'bob')];
  for (const person of [alice, bob]) await person.register();
  await befriend(world, alice.first, bob.first);
  await world.runFor(3_000);
  return { world, oracle, alice, bob };
}

export function outcomeOf({ world, oracle }: TwoPeople, figures: Readonly<Record<string, number>>): ScenarioOutcome {
  return {
    violations: oracle.violations,
    traceHash: world.traceHash,
    figures: { ...figures, events: world.eventCount },
  };
}
