import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ViolationKind } from './oracle.ts';
import type { PlantedLine } from './plant-mutant.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Mutant {
  readonly name: string;
  /** What is broken. */
  readonly what: string;
  /** One line; more where several layers guard the same thing, so that without the others the bug would not show. */
  readonly plants: readonly PlantedLine[];
  /** The scenarios of which one must turn red within the seeds allowed. */
  readonly scenarios: readonly string[];
  /** What this bug does to users. Another violation, or a run that breaks, is not a catch. */
  readonly caughtAs: readonly ViolationKind[];
}

/** Each must be caught within this many seeds of its scenarios (design section 9). */
export const MUTANT_SEEDS_MAX = 50;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-dedup',
    what: 'a message that comes again is taken as a new one',
    plants: [
      {
        file: sourcePath('packages/peer/src/store/memory-state.ts'),
        line: "if (content.sequence <= upTo) return { kind: 'duplicate' };",
        replacement:
          "if (content.sequence <= upTo) return { kind: 'committed', message: this.#messages.incoming(chat, content.messageId)! };",
      },
    ],
    scenarios: ['foundation'],
    caughtAs: ['doubled'],
  },
  {
    name: 'no-relay-retransmission',
    what: 'what is lost on the relay is never sent again by the session',
    plants: [
      {
        file: sourcePath('packages/peer/src/transport/flight.ts'),
        line: "this.#sent.push({ packetNumber, sequence: this.#nextSequence++, sentAt: now, bytes, contents, state: 'sent' });",
        replacement:
          "this.#sent.push({ packetNumber, sequence: this.#nextSequence++, sentAt: now, bytes, contents: this.#ordered ? [] : contents, state: 'sent' });",
      },
    ],
    scenarios: ['foundation'],
    caughtAs: ['lost'],
  },
  {
    name: 'packet-number-reused',
    what: 'packet numbers begin anew when the path changes',
    plants: [
      {
        file: sourcePath('packages/peer/src/transport/connection.ts'),
        line: 'if (this.#routes.current !== before) this.#probesLeft = 0;',
        replacement: 'if (this.#routes.current !== before) this.#probesLeft = this.#nextPacketNumber = 0;',
      },
    ],
    scenarios: ['foundation'],
    caughtAs: ['attack'],
  },
  {
    name: 'stale-epoch-accepted',
    what: 'a session may write after a newer login of its device',
    plants: [
      {
        file: sourcePath('packages/server/src/store/memory-roster.ts'),
        line: "if (!this.#rows.isCurrent(by)) return err('stale-epoch');",
        replacement: '',
      },
    ],
    scenarios: ['stale-session'],
    caughtAs: ['attack'],
  },
  {
    name: 'replay-evicts',
    what: 'the server acts on message 1 of a handshake, before the client has proved that it is alive',
    plants: [
      {
        file: sourcePath('packages/common/src/channel/secure-link.ts'),
        line: "this.#phase = 'confirming';",
        replacement: 'this.#establish(now);',
      },
      {
        file: sourcePath('packages/server/src/session/connection.ts'),
        line: "this.#state = { name: 'anonymous', exchangeKey: event.remoteStatic };",
        replacement:
          "this.#state = { name: 'anonymous', exchangeKey: event.remoteStatic }; void this.#context.dispatcher.logIn(new Proxy(this, { get: (own, name) => (name === 'open' ? true : name === 'source' || name === 'remote' ? own[name] : () => undefined) }), event.remoteStatic, { type: 'resume', requestId: 1 });",
      },
    ],
    scenarios: ['replayed-handshake'],
    caughtAs: ['attack'],
  },
  {
    name: 'no-friend-check',
    what: 'anybody is introduced to anybody',
    plants: [
      {
        file: sourcePath('packages/server/src/rendezvous/rendezvous.ts'),
        line: 'const target = this.#directory.friendSession(from.account, request.to);',
        replacement: 'const target = this.#directory.session(request.to);',
      },
    ],
    scenarios: ['stranger-asks'],
    caughtAs: ['attack'],
  },
  {
    name: 'offline-told-late',
    what: 'a lost connection is told to friends minutes later',
    plants: [
      {
        file: sourcePath('packages/server/src/presence/presence.ts'),
        line: 'const until = after(now, PRESENCE_GRACE_MS);',
        replacement: 'const until = after(now, 10 * PRESENCE_GRACE_MS);',
      },
    ],
    scenarios: ['presence'],
    caughtAs: ['false-presence'],
  },
  {
    name: 'dead-road-shown',
    what: 'a road in doubt goes on as if it were direct',
    plants: [
      {
        file: sourcePath('packages/peer/src/path/path-agent.ts'),
        line: "this.#setLease({ name: 'suspect', pair, since: now, probes: 0, nextProbeAt: now }, reason);",
        replacement: '',
      },
    ],
    scenarios: ['presence'],
    caughtAs: ['false-road'],
  },
];

export function mutantNamed(name: string): Mutant | undefined {
  return MUTANTS.find((mutant) => mutant.name === name);
}

export function sourcePath(path: string): string {
  return join(root, path);
}
