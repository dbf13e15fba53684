import { ok } from '@magpie/common/result.ts';
import type { DaemonSurface } from './rpc-methods.ts';

/** A page that nobody serves; its one link is always the same. */
export class FakePage implements Pick<DaemonSurface['page'], 'open' | 'closeAll'> {
  readonly url = 'http://127.0.0.1:8484/#c=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  readonly validMs: number[] = [];

  async open(validMs: number) {
    this.validMs.push(validMs);
    return ok({ url: this.url, expiresAtMs: Date.parse('2026-01-01T00:01:00.000Z') });
  }

  async closeAll() {
    return ok(undefined);
  }
}
