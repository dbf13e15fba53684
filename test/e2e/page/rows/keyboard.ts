import type { Row } from '../../../../scripts/report.ts';
import type { Proof } from './proof.ts';

export async function keyboardRows(_proof: Proof): Promise<readonly Row[]> {
  return [];
}
