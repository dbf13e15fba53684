import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ByteReader } from './bytes/byte-reader.ts';
import { CONTENT_REFUSALS, type ContentType, decodeContent } from './content/content.ts';
import { FRAME_TABLE, type FrameRule, PRESENCE_STATUSES, ROSTER_STATES } from './frames/frame-table.ts';
import * as limits from './limits.ts';
import { FRAME_ID } from './packets/frame-ids.ts';
import { CANDIDATE_KINDS } from './packets/packet.ts';
import { REFUSAL_CODES } from './refusal.ts';

const root = new URL('../../../', import.meta.url);
const doc = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');

describe('PROTOCOL.md', () => {
  it('holds every rule that a test name cites', () => {
    const cited = citedRules();
    expect(cited.size).toBeGreaterThan(50);
    const missing = [...cited].filter(([id]) => !doc.includes(`**${id}**`)).map(([id, file]) => `${id} (${file})`);
    expect(missing).toEqual([]);
  });

  it('gives each rule once', () => {
    const ids = [...doc.matchAll(/^(?:- |\| )\*\*([A-Z]+\d+)\*\*/gm)].map(([, id]) => id!);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('names no rule that it does not give', () => {
    const named = [...doc.matchAll(/\b((?:ID|LK|FR|SV|PK|TR|PA|DL|MB|R)\d+)\b/g)].map(([, id]) => id!);
    expect([...new Set(named)].filter((id) => !doc.includes(`**${id}**`))).toEqual([]);
  });

  it('lists every frame of a server connection, in order, with code, sender, states, size and fields', () => {
    const rows = tableAfter('| id | frame | sent by |').map(([id, frame, sentBy, legalIn, size, fields]) => {
      return { id, frame, sentBy, legalIn, size: numberOf(size!), fields: fieldNames(fields!) };
    });
    const frames = Object.entries(FRAME_TABLE).map(([frame, rule]) => {
      const { code, sentBy, legalIn, bytesMax } = rule as FrameRule<unknown>;
      return {
        id: hexByte(code),
        frame,
        sentBy,
        legalIn: legalIn.length === 2 ? 'any' : legalIn[0],
        size: bytesMax,
        fields: fieldsOf(rule as FrameRule<object>),
      };
    });
    expect(rows).toEqual(frames);
  });

  it('lists every enumeration in the order of the wire', () => {
    expect(enumeration('presence')).toEqual(PRESENCE_STATUSES);
    expect(enumeration('roster state')).toEqual(ROSTER_STATES);
    expect(enumeration('refusal')).toEqual(REFUSAL_CODES);
    expect(enumeration('content refusal')).toEqual(CONTENT_REFUSALS);
    expect(doc).toContain(`kinds: ${CANDIDATE_KINDS.join(', ')}`);
  });

  it('lists every frame of a session with its id', () => {
    const rows = tableAfter('| id | frame | layout after the id |').map(([id, frame]) => [frame, id]);
    const frames = Object.entries(FRAME_ID).map(([name, id]) => [name.replace(/[A-Z]/g, dashed), hexByte(id)]);
    expect(rows).toEqual(frames);
  });

  it('lists every content code with its fields, and no other', () => {
    const types = {
      text: 0,
      void: 0,
      edit: 0,
      recall: 0,
      reaction: 0,
      nudge: 0,
      receipt: 0,
      'refused-content': 0,
      opening: 0,
      typing: 0,
      'cannot-open': 0,
      tail: 0,
      resend: 0,
      'give-back': 0,
      'given-back': 0,
      copy: 0,
      'copy-receipt': 0,
    } satisfies Record<ContentType, 0>;
    const rows = tableAfter('| code | content | fields |').map(([code, content, fields]) => {
      return { code, content, fields: fieldNames(fields!) };
    });
    expect(rows.map(({ content }) => content)).toEqual(Object.keys(types));
    expect(rows).toEqual(knownContents());
  });

  it('gives every limit with its value', () => {
    const rows = tableAfter('| name | value | unit | reason |').map(([name, value]) => [name, numberOf(value!)]);
    expect(Object.fromEntries(rows)).toEqual({ ...limits });
  });
});

/** Rule ids in square brackets at the start of a test's name, each with a file that cites it. */
function citedRules(): ReadonlyMap<string, string> {
  const cited = new Map<string, string>();
  for (const path of globSync(['packages/*/src/**/*.ts', 'test/**/*.ts'], { cwd: root })) {
    const text = readFileSync(new URL(path, root), 'utf8');
    for (const [, ids] of text.matchAll(/['"`]((?:\[[A-Z]{1,3}\d+\])+) /g)) {
      for (const [, id] of ids!.matchAll(/\[(\w+)\]/g)) cited.set(id!, path);
    }
  }
  return cited;
}

/** The cells of each row of the table with this head. */
function tableAfter(head: string): readonly (readonly string[])[] {
  const at = doc.indexOf(head);
  expect(at, head).toBeGreaterThan(0);
  const lines = doc.slice(at).split('\n').slice(2);
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function enumeration(name: string): readonly string[] {
  const row = doc.split('\n').find((line) => line.startsWith(`| ${name} | `) && line.split('|').length === 4);
  return (row?.split('|')[2] ?? '').trim().split(', ');
}

function fieldNames(cell: string): readonly string[] {
  return cell === '–' ? [] : cell.split(' · ').map((field) => field.split(' ')[0]!);
}

/** A struct reads all of its fields, in order, whatever the bytes. */
function fieldsOf(rule: FrameRule<object>): readonly string[] {
  return Object.keys(rule.body.read(new ByteReader(new Uint8Array(0))));
}

/** Found from outside: zeros are a valid body of every content there is. */
function knownContents(): readonly { code: string; content: string; fields: readonly string[] }[] {
  const known = [];
  for (let code = 0; code < 0x4000; code++) {
    const bytes = new Uint8Array(256);
    new DataView(bytes.buffer).setUint16(0, 0x4000 | code);
    const content = decodeContent(bytes);
    if (content.ok ? content.value.type === 'unsupported' : content.error.kind === 'unsupported') continue;
    const { type, ...fields } = content.ok ? content.value : { type: `code ${code}: ${content.error.kind}` };
    known.push({ code: hexByte(code), content: type, fields: Object.keys(fields) });
  }
  return known;
}

function numberOf(text: string): number {
  return Number(text.replaceAll(',', ''));
}

function hexByte(code: number): string {
  return code.toString(16).padStart(2, '0');
}

function dashed(letter: string): string {
  return `-${letter.toLowerCase()}`;
}
