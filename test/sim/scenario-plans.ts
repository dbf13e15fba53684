/** One figure of a scenario that becomes a row: over all seeds its sum or its largest value. */
interface FigurePlan {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly take: 'sum' | 'max';
  /** The value must not be above this; absent: it must only be above 0, which shows that the run did something. */
  readonly most?: number;
}

/** What a scenario stands or falls with; other kinds of violation get a row only when there are any. */
type JudgedKind =
  | 'lost'
  | 'doubled'
  | 'out-of-order'
  | 'false-state'
  | 'false-presence'
  | 'false-road'
  | 'unequal'
  | 'late'
  | 'attack';

export interface ScenarioPlan {
  readonly name: string;
  /** Of the seeds asked for: cheap and uniform scenarios need fewer. */
  readonly share: number;
  readonly judged: readonly JudgedKind[];
  readonly figures: readonly FigurePlan[];
}

/** What the command runs: names only, so that the parent process loads no product code. */
export const SCENARIO_PLANS: readonly ScenarioPlan[] = [
  {
    name: 'foundation',
    share: 1,
    judged: ['lost', 'doubled', 'out-of-order', 'false-state', 'false-presence', 'false-road', 'late'],
    figures: [
      { name: 'sent', what: 'messages that had to arrive', unit: 'messages', take: 'sum' },
      { name: 'direct', what: 'of them came directly', unit: 'messages', take: 'sum' },
      { name: 'relay', what: 'of them came by the relay', unit: 'messages', take: 'sum' },
      { name: 'settleMs', what: 'longest wait after the last fault', unit: 'ms', take: 'max', most: 75_000 },
    ],
  },
  {
    name: 'first-message',
    share: 0.2,
    judged: ['late', 'lost', 'false-state'],
    figures: [
      {
        name: 'overBoundMsPunchable',
        what: 'over 1.5 relay round trips + sync + 5 ms, punching works',
        unit: 'ms',
        take: 'max',
        most: 0,
      },
      { name: 'overBoundMsUnpunchable', what: 'the same, punching impossible', unit: 'ms', take: 'max', most: 0 },
    ],
  },
  {
    name: 'presence',
    share: 0.25,
    judged: ['false-presence', 'false-road', 'lost', 'false-state'],
    figures: [
      { name: 'judgedGone', what: 'looks at a friend who is gone, shown so', unit: 'looks', take: 'sum' },
      { name: 'judgedBlocked', what: 'looks at a road without UDP, shown so', unit: 'looks', take: 'sum' },
    ],
  },
  {
    name: 'accounts',
    share: 1,
    judged: ['lost', 'doubled', 'out-of-order', 'false-state', 'false-presence', 'late', 'attack'],
    figures: [
      { name: 'sent', what: 'messages that were sent', unit: 'messages', take: 'sum' },
      { name: 'machines', what: 'machines that were used', unit: 'machines', take: 'sum' },
      { name: 'judgedSilent', what: 'looks at a way that had to be silent', unit: 'looks', take: 'sum' },
      { name: 'settleMs', what: 'longest wait after the last step', unit: 'ms', take: 'max', most: 90_000 },
    ],
  },
  {
    name: 'messages',
    share: 1,
    judged: ['lost', 'doubled', 'out-of-order', 'false-state', 'unequal', 'late'],
    figures: [
      { name: 'sent', what: 'messages that had to arrive', unit: 'messages', take: 'sum' },
      { name: 'changes', what: 'edits, recalls and reactions that had to arrive', unit: 'changes', take: 'sum' },
      { name: 'direct', what: 'messages that came directly', unit: 'messages', take: 'sum' },
      { name: 'relay', what: 'messages that came by the relay', unit: 'messages', take: 'sum' },
      { name: 'mailbox', what: 'messages that came by the mailbox', unit: 'messages', take: 'sum' },
      { name: 'faults', what: 'faults that happened', unit: 'faults', take: 'sum' },
      { name: 'settleMs', what: 'longest wait after the last fault', unit: 'ms', take: 'max', most: 60_000 },
    ],
  },
  {
    name: 'first-by-mail',
    share: 0.2,
    judged: ['late', 'lost', 'false-state'],
    figures: [
      {
        name: 'overBoundMs',
        what: 'in the hands, over both one-way times + one sync + 2 ms',
        unit: 'ms',
        take: 'max',
        most: 0,
      },
      { name: 'arrivedMs', what: 'in the hands after', unit: 'ms', take: 'max' },
      { name: 'committedMs', what: 'on the disk of the friend after', unit: 'ms', take: 'max' },
    ],
  },
  {
    name: 'road-flip',
    share: 0.2,
    judged: ['lost', 'doubled', 'out-of-order', 'false-state', 'false-road', 'unequal', 'late'],
    figures: [
      { name: 'sent', what: 'messages that had to arrive', unit: 'messages', take: 'sum' },
      { name: 'flips', what: 'times the road changed', unit: 'flips', take: 'sum' },
      { name: 'direct', what: 'messages that came directly', unit: 'messages', take: 'sum' },
      { name: 'relay', what: 'messages that came by the relay', unit: 'messages', take: 'sum' },
      { name: 'withoutRoad', what: 'messages that name no road', unit: 'messages', take: 'max', most: 0 },
      { name: 'p99StallMs', what: 'one in a hundred waits is longer', unit: 'ms', take: 'max', most: 1_500 },
    ],
  },
  {
    name: 'restored-copy',
    share: 0.2,
    judged: ['lost', 'doubled', 'out-of-order', 'false-state', 'unequal', 'late'],
    figures: [
      { name: 'keySteps', what: 'steps of the mailbox key since the copies', unit: 'steps', take: 'sum' },
      { name: 'returned', what: 'lost messages that came back from the friend', unit: 'messages', take: 'sum' },
      { name: 'missing', what: 'numbers that seem to be missing', unit: 'numbers', take: 'max', most: 0 },
      { name: 'mailsUnread', what: 'mails that cannot be read', unit: 'mails', take: 'max', most: 0 },
    ],
  },
  {
    name: 'invisible',
    share: 0.2,
    judged: ['attack', 'lost', 'false-state'],
    figures: [
      { name: 'bytes', what: 'bytes that a friend got, compared', unit: 'bytes', take: 'sum' },
      { name: 'read', what: 'mails that were read invisibly', unit: 'mails', take: 'sum' },
    ],
  },
  {
    name: 'mail-limits',
    share: 0.1,
    judged: ['lost', 'doubled', 'out-of-order', 'false-state', 'unequal', 'late'],
    figures: [
      { name: 'refusedForRoom', what: 'messages that found the mailbox full', unit: 'messages', take: 'sum' },
      { name: 'expired', what: 'messages that expired and were put again', unit: 'messages', take: 'sum' },
    ],
  },
  {
    name: 'absent',
    share: 0.2,
    judged: ['lost', 'false-state'],
    figures: [{ name: 'told', what: 'things that reached somebody who was away', unit: 'things', take: 'sum' }],
  },
  { name: 'replayed-handshake', share: 0.1, judged: ['attack'], figures: [] },
  { name: 'stranger-asks', share: 0.1, judged: ['attack'], figures: [] },
  { name: 'stale-session', share: 0.25, judged: ['attack'], figures: [] },
  { name: 'blocked-asks', share: 0.1, judged: ['attack'], figures: [] },
  { name: 'older-list', share: 0.25, judged: ['attack', 'lost'], figures: [] },
  {
    name: 'guess-flood',
    share: 0.05,
    judged: ['attack'],
    figures: [{ name: 'guesses', what: 'guesses that were looked at', unit: 'guesses', take: 'max', most: 120 }],
  },
];
