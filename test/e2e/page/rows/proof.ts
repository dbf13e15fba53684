import type { Row } from '../../../../scripts/report.ts';
import type { PageStage } from '../page-stage.ts';

/** Progress and findings, as they come. */
export type Say = (line: string) => void;

/** What the parts of the command share: one server, one Chromium, and where pictures go. */
export interface Proof {
  readonly page: PageStage;
  /** Git ignores it. */
  readonly picturesFolder: string;
  readonly say: Say;
  /** What is shown now becomes what is expected. */
  readonly accept: boolean;
}

/** One part of the proof. What it finds wrong it says, so that the figure can be understood. */
export type Part = (proof: Proof) => Promise<readonly Row[]>;

/** How often each time is taken; the median is what counts. */
export const TIMES_TAKEN = 9;
