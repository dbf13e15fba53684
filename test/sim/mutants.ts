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
        line: "this.#state = { name: 'anonymous', exchangeKey: event.remoteStatic, proved: undefined };",
        replacement:
          "this.#state = { name: 'anonymous', exchangeKey: event.remoteStatic, proved: undefined }; void this.#context.dispatcher.logIn(new Proxy(this, { get: (own, name) => (name === 'open' ? true : name === 'source' || name === 'remote' ? own[name] : () => undefined) }), { exchangeKey: event.remoteStatic, proved: undefined }, { type: 'resume', requestId: 1 });",
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
  {
    name: 'block-not-enforced',
    what: 'who is blocked or removed goes on being served by the relay and introduced',
    plants: [
      {
        file: sourcePath('packages/server/src/bus/directory.ts'),
        line: 'else set.delete(other);',
        replacement: '',
      },
    ],
    scenarios: ['blocked-asks'],
    caughtAs: ['attack'],
  },
  {
    name: 'older-list-accepted',
    what: 'a list of devices from before a revocation is believed again',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/friend-list-judge.ts'),
        line: "if (next.list.version < before.list.version) return { entry: kept, verdict: 'kept' };",
        replacement: "if (next.list.version < before.list.version) return { entry, verdict: 'taken' };",
      },
    ],
    scenarios: ['older-list'],
    caughtAs: ['attack'],
  },
  {
    name: 'never-direct-probes',
    what: 'never direct is a setting that nothing looks at',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/direct-policy.ts'),
        line: 'return account !== undefined && this.#options.gate.isOpen && !this.forbids(account);',
        replacement: 'return account !== undefined && this.#options.gate.isOpen;',
      },
    ],
    scenarios: ['accounts'],
    caughtAs: ['attack'],
  },
  {
    name: 'revoked-keeps-session',
    what: 'a device that was revoked, or whose password was changed, keeps its connection to the server',
    plants: [
      {
        file: sourcePath('packages/server/src/server.ts'),
        line: 'if (session) closeRevoked(session.wire, event.why);',
        replacement: '',
      },
    ],
    scenarios: ['accounts'],
    caughtAs: ['attack'],
  },
  {
    name: 'revoked-device-kept-by-friends',
    what: 'friends keep their sessions with a device that has left the list',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/engine-parts.ts'),
        line: 'if (!this.book.device(device)) this.sessions.close(device, CLOSE_REMOVED);',
        replacement: '',
      },
      {
        file: sourcePath('packages/peer/src/engine/direct-policy.ts'),
        line: 'return account !== undefined && this.#options.gate.isOpen && !this.forbids(account);',
        replacement: 'return this.#options.gate.isOpen && (account === undefined || !this.forbids(account));',
      },
    ],
    scenarios: ['accounts'],
    caughtAs: ['attack'],
  },
  {
    name: 'guesses-by-source-only',
    what: 'guesses from many addresses count for none of them',
    plants: [
      {
        file: sourcePath('packages/server/src/accounts/login-throttle.ts'),
        line: 'return this.#accounts.take(guesser.account, now);',
        replacement: 'return 0;',
      },
    ],
    scenarios: ['guess-flood'],
    caughtAs: ['attack'],
  },
  {
    name: 'first-device-is-enough',
    what: 'what one device of a friend has committed goes to no other any more',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/delivery.ts'),
        line: 'const messages = await this.#options.store.undeliveredTo(lane.account, lane.device, UNDELIVERED_BATCH);',
        replacement: 'const messages = await this.#options.store.undelivered(lane.account, UNDELIVERED_BATCH);',
      },
    ],
    scenarios: ['accounts'],
    caughtAs: ['lost', 'late'],
  },
  {
    name: 'new-device-waits-for-old-numbers',
    what: 'a new device is not told where a numbering begins for it',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/delivery.ts'),
        line: "for (const opening of openings) this.#sendControl(lane, { type: 'opening', conversation: 0, ...opening });",
        replacement: '',
      },
    ],
    scenarios: ['accounts'],
    caughtAs: ['lost', 'late'],
  },
];

export function mutantNamed(name: string): Mutant | undefined {
  return MUTANTS.find((mutant) => mutant.name === name);
}

export function sourcePath(path: string): string {
  return join(root, path);
}
