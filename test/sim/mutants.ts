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

/** Whoever lacks something asks for it again: that mends what other bugs break. */
const NOTHING_RESENT: PlantedLine = {
  file: sourcePath('packages/peer/src/engine/resends.ts'),
  line: 'if (this.#stopped || mayAnswer(from.device)?.account !== from.account) return;',
  replacement: 'return;',
};

/** Where a session brings no receipt, the mailbox brings the message: that mends what other bugs break. */
const NO_MAIL_FOR_A_SILENT_SESSION: PlantedLine = {
  file: sourcePath('packages/peer/src/engine/lane-patience.ts'),
  line: 'if (!this.#stalled) this.#until ??= after(now, Math.max(MAIL_AFTER_MS, 2 * (this.#ptoMs() ?? 0)));',
  replacement: 'void (now, after, MAIL_AFTER_MS);',
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-dedup',
    what: 'a message that comes again is taken as a new one',
    plants: [
      {
        file: sourcePath('packages/peer/src/store/incoming-messages.ts'),
        line: "if (sequence <= upTo) return { kind: 'duplicate' };",
        replacement: shownAgain('sequence <= upTo'),
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
      NO_MAIL_FOR_A_SILENT_SESSION,
      NOTHING_RESENT,
    ],
    scenarios: ['foundation'],
    caughtAs: ['lost', 'late'],
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
        line: 'unseen: (event.remoteFeatures & LINK_FEATURE_UNSEEN) !== 0,',
        replacement:
          "unseen: void queueMicrotask(() => void this.#context.dispatcher.logIn(new Proxy(this, { get: (own, name) => (name === 'open' ? true : name === 'source' || name === 'remote' ? own[name] : () => undefined) }), { exchangeKey: event.remoteStatic, proved: undefined }, { type: 'resume', requestId: 1 })) ?? false,",
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
        file: sourcePath('packages/peer/src/store/friend-devices.ts'),
        line: 'found.push(...page.filter(isWanted));',
        replacement: 'found.push(...page.filter((record) => record.owed && isWanted(record)));',
      },
      NOTHING_RESENT,
    ],
    scenarios: ['accounts'],
    caughtAs: ['lost', 'late'],
  },
  {
    name: 'new-device-waits-for-old-numbers',
    what: 'a new device is not told where a numbering begins for it',
    plants: [
      {
        file: sourcePath('packages/peer/src/store/friend-devices.ts'),
        line: '.filter(({ incarnation, lacks }) => incarnation === current || lacks)',
        replacement: '.filter(() => false)',
      },
      NOTHING_RESENT,
    ],
    scenarios: ['accounts'],
    caughtAs: ['lost', 'late'],
  },
  {
    name: 'ack-before-commit',
    what: 'what arrived is receipted before it is on disk',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/intake.ts'),
        line: "const hold = road.kind === 'mailbox';",
        replacement:
          "const hold = road.kind === 'mailbox'; this.#options.answers.oweReceipts(from, [{ incarnation: content.incarnation, to: content.sequence }]);",
      },
    ],
    scenarios: ['messages'],
    caughtAs: ['false-state', 'lost'],
  },
  {
    name: 'dedup-in-memory',
    what: 'what was taken is remembered in memory only, until the next start',
    plants: [
      {
        file: sourcePath('packages/peer/src/store/incoming-messages.ts'),
        line: "if (sequence <= upTo) return { kind: 'duplicate' };",
        replacement: [
          'this.taken ??= new Set();',
          'const wasTaken = this.taken.has(content.messageId);',
          'this.taken.add(content.messageId);',
          "if (wasTaken && sequence <= upTo) return { kind: 'duplicate' };",
          shownAgain('sequence <= upTo'),
        ].join(' '),
      },
    ],
    scenarios: ['messages'],
    caughtAs: ['doubled'],
  },
  {
    name: 'wrong-receipt',
    what: 'the receipt names the message after the one that was committed',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/receipt-road.ts'),
        line: "if (deliveredUpTo > read) contents.push(receipt('delivered', incarnation, deliveredUpTo));",
        replacement: "if (deliveredUpTo > read) contents.push(receipt('delivered', incarnation, deliveredUpTo + 1));",
      },
    ],
    scenarios: ['messages'],
    caughtAs: ['false-state', 'lost'],
  },
  {
    name: 'road-flip-loses-tail',
    what: 'what was under way when a new road came counts as received',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/intake.ts'),
        line: "if (content.type === 'tail') return gaps.handleTail(from, content.incarnation, content.upTo);",
        replacement:
          "if (content.type === 'tail') return this.#open(from, { incarnation: content.incarnation, from: content.upTo + 1 });",
      },
    ],
    scenarios: ['messages'],
    caughtAs: ['lost', 'false-state'],
  },
  {
    name: 'mailbox-pops-early',
    what: 'the mailbox forgets what it has handed out, before that is acknowledged',
    plants: [
      {
        file: sourcePath('packages/server/src/store/memory-mail.ts'),
        line: 'entries.push({ position, fromAccount, from, at, envelope });',
        replacement:
          'entries.push({ position, fromAccount, from, at, envelope }); this.#rows.mail.drop([...this.#rows.mail.mailsOf(device)].find((mail) => mail.position === position));',
      },
    ],
    scenarios: ['messages'],
    caughtAs: ['false-state', 'lost'],
  },
  {
    name: 'sequence-reused',
    what: 'a restored profile goes on with the numbers that it used after its copy was made',
    plants: [
      {
        file: sourcePath('packages/peer/src/engine/account-link.ts'),
        line: 'const behind = loginCount !== (this.#loginCount ?? known?.loginCount ?? 0) + 1;',
        replacement: 'const behind = false;',
      },
    ],
    scenarios: ['restored-copy'],
    caughtAs: ['lost', 'false-state', 'late'],
  },
];

/** What was taken before is committed, and so shown, as if it were new. */
function shownAgain(when: string): string {
  return [
    `const taken = ${when} ? this.#tables.rows.incoming(chat, content.messageId) : undefined;`,
    "if (taken) return { kind: 'committed', message: taken.message, touched: [], followed: [], upTo };",
    `if (${when}) return { kind: 'duplicate' };`,
  ].join(' ');
}

export function mutantNamed(name: string): Mutant | undefined {
  return MUTANTS.find((mutant) => mutant.name === name);
}

export function sourcePath(path: string): string {
  return join(root, path);
}
