import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as engine from './engine/limits.ts';
import * as messaging from './messaging/limits.ts';
import * as serverLink from './server-link/limits.ts';
import * as session from './session/limits.ts';
import { DEFAULT_SETTINGS } from './store/store.ts';
import * as transport from './transport/limits.ts';

const doc = readFileSync(new URL('../../common/PROTOCOL.md', import.meta.url), 'utf8');
const limits = { ...engine, ...messaging };

describe('PROTOCOL.md, section 10', () => {
  it('gives the limits of a client with their values', () => {
    const rows: Record<string, readonly string[]> = {
      'peer, link': [
        `${count(serverLink.REQUESTS_PENDING_MAX)} requests waiting`,
        `${seconds(serverLink.REQUEST_MS_MAX)} for an answer of at most ${count(serverLink.ANSWER_FRAMES_MAX)} frames`,
        `${seconds(serverLink.CONNECT_MS_MAX)} to connect`,
        `${kibibytes(serverLink.RELAY_QUEUED_BYTES_MAX)} waiting for the server`,
      ],
      'peer, new devices': [
        `${limits.APPROVAL_TRIES_MAX} wrong proofs`,
        `waits ${seconds(limits.APPROVAL_WAIT_MS)} for its answer`,
      ],
      'peer, handshake': [
        `${session.HANDSHAKE_RETRANSMIT_MS.slice(0, -1)
          .map((ms) => ms / 1_000)
          .join(', ')} s, then ${seconds(session.HANDSHAKE_RETRANSMIT_MS.at(-1)!)}`,
        `${seconds(session.HANDSHAKE_MS_MAX)} in all`,
        `${session.ANSWERS_REMEMBERED_PER_DEVICE} answers remembered a device`,
        `${seconds(limits.HANDSHAKE_SPACING_MS)} between handshakes`,
      ],
      'peer, transport': [
        `${count(transport.SEND_STREAMS_MAX)} streams open, ${transport.LONG_STREAMS_MAX} long ones`,
        `${transport.STREAM_PIECES_MAX} pieces a stream`,
        `${mebibytes(transport.CREDIT_WINDOW_BYTES)} of credit`,
        `${kibibytes(transport.DIRECT_WINDOW_BYTES)} in flight direct, ${kibibytes(transport.RELAY_WINDOW_BYTES)} by relay`,
        `${transport.CLOSE_PACKETS_MAX} CLOSE packets`,
      ],
      'peer, what comes in': [
        `${limits.INBOXES_MAX} devices of which something waits`,
        `${limits.INTAKE_BATCH_MAX} contents in one commit`,
        `${count(limits.HELD_PER_DEVICE_MAX)} held on disk of one device`,
        `${limits.MAIL_IN_FLIGHT_MAX} mails on their way to it`,
        `${limits.GAPS_PER_DEVICE_MAX} numberings of one device watched for what is missing, ${count(limits.GAPS_MAX)} in all`,
        `${limits.OWN_REPAIRS_AT_ONCE_MAX} own ones asked back of one device at a time, ` +
          `${limits.OWN_REPAIRS_PER_DEVICE_MAX} known of it, ${count(limits.OWN_REPAIRS_MAX)} of all`,
      ],
      'peer, delivery': [
        `${limits.WINDOW_MESSAGES_MAX} messages and ${kibibytes(limits.WINDOW_TEXT_BYTES_MAX)} without a receipt`,
        `${limits.INBOX_MESSAGES_MAX} messages and ${mebibytes(limits.INBOX_TEXT_BYTES_MAX)} held ahead`,
        `${limits.CONTROL_CONTENTS_MAX} contents about messages waiting on a session, ${limits.RESENT_WAITING_MAX} asked for again`,
        `${limits.STAMP_AHEAD_MS_MAX / 3_600_000} h ahead of the clock`,
      ],
      'peer, mail': [
        `${limits.MAILS_UNDER_WAY_MAX} mails under way`,
        `${limits.MAIL_BATCH} messages waiting for one mailbox`,
        `${limits.SAYS_MAX} answers waiting for a device, of ${count(limits.DEBTORS_MAX)} devices`,
      ],
      'peer, mailbox keys': [
        `links kept ${limits.MAILBOX_LINK_KEPT_MS / 86_400_000} days, of ${limits.MAILBOX_CHAINS_MAX} chains`,
        `${limits.MAILBOX_STEPS_AHEAD_MAX} steps ahead`,
        `after ${seconds(limits.MAILBOX_KEY_RETRY_MS_MIN)}`,
      ],
      'peer, account': [
        `asked ${seconds(limits.LAST_SEEN_ASK_AFTER_MS)} after a login`,
        `${limits.NOTICES_WAITING_MAX} notices waiting`,
        `after ${DEFAULT_SETTINGS.autoAwayMs / 60_000} minutes, or up to ${limits.AUTO_AWAY_MS_MAX / 3_600_000} hours`,
      ],
      'peer, paths': [`${session.PATHS_MAX} direct paths a session`],
    };
    for (const [name, phrases] of Object.entries(rows)) {
      const row = doc.split('\n').find((line) => line.startsWith(`| ${name} | `)) ?? '';
      expect({ name, missing: phrases.filter((phrase) => !said(row, phrase)) }).toEqual({ name, missing: [] });
    }
  });
});

/** As it stands there, and not as the end of a longer number. */
function said(row: string, phrase: string): boolean {
  return [' ', '('].some((before) => row.includes(`${before}${phrase}`));
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}

function kibibytes(bytes: number): string {
  return `${bytes / 1_024} KiB`;
}

function mebibytes(bytes: number): string {
  return `${bytes / (1_024 * 1_024)} MiB`;
}
