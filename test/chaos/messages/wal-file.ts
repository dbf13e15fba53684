import { appendFileSync, closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

// The file format of a write-ahead log: https://www.sqlite.org/fileformat2.html#walformat
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const PAGE_SIZE_AT = 8;
const SALTS_AT = 16;
const SALTS_BYTES = 8;
const FRAME_SALTS_AT = 8;
/** Of a frame: pages of the database after the commit that this frame ends; 0 when it ends none. */
const COMMIT_AT = 4;

/** Where the newest commits of a log are. */
export interface WalCommits {
  readonly pageBytes: number;
  /** Place of the first byte after each commit, in order. */
  readonly ends: readonly number[];
}

export function walCommits(file: string): WalCommits {
  const log = readFileSync(file);
  if (log.length < HEADER_BYTES) return { pageBytes: 0, ends: [] };
  const pageBytes = log.readUInt32BE(PAGE_SIZE_AT);
  const salts = log.subarray(SALTS_AT, SALTS_AT + SALTS_BYTES);
  const ends: number[] = [];
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const frameSalts = log.subarray(at + FRAME_SALTS_AT, at + FRAME_SALTS_AT + SALTS_BYTES);
    // Frames of the log's earlier lives follow its own.
    if (!frameSalts.equals(salts)) break;
    if (log.readUInt32BE(at + COMMIT_AT) > 0) ends.push(at + frameBytes);
  }
  return { pageBytes, ends };
}

/** A commit that was being written: its frame has the right head and half a page, and no end. */
export function addTornFrame(file: string): void {
  const log = readFileSync(file);
  const { pageBytes, ends } = walCommits(file);
  const end = ends.at(-1);
  // Where frames of an earlier life follow, a torn one is what the log ends with already.
  if (end === undefined || end < log.length) return;
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  head.writeUInt32BE(1, 0);
  log.copy(head, FRAME_SALTS_AT, SALTS_AT, SALTS_AT + SALTS_BYTES);
  appendFileSync(file, Buffer.concat([head, Buffer.alloc(pageBytes / 2, 0xa5)]));
}

/** Turns one bit of the frame before `end`: what is from there on does not count any more, its checksums say. */
export function flipBit(file: string, end: number): void {
  const descriptor = openSync(file, 'r+');
  try {
    const byte = Buffer.alloc(1);
    readSync(descriptor, byte, 0, 1, end - 1);
    byte[0] = byte[0]! ^ 1;
    writeSync(descriptor, byte, 0, 1, end - 1);
  } finally {
    closeSync(descriptor);
  }
}
