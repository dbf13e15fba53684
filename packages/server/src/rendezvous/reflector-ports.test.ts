import { silentLog } from '@magpie/common/log.ts';
import type { UdpFactory } from '@magpie/common/net.ts';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../io/system-clock.ts';
import { systemRandom } from '../io/system-random.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { ReflectTokens } from './reflect-tokens.ts';
import { Reflector } from './reflector.ts';
import { ReflectorPorts } from './reflector-ports.ts';

describe('the reflector ports (R25)', () => {
  it.each([
    [['127.0.0.1'], ['127.0.0.1:7']],
    [
      ['::1', '127.0.0.1'],
      ['127.0.0.1:7', '::1:7'],
    ],
    [
      ['192.0.2.1', '192.0.2.2', '192.0.2.1'],
      ['192.0.2.1:7', '192.0.2.2:7'],
    ],
    [['0.0.0.0', '192.0.2.1'], ['0.0.0.0:7']],
    [['::'], ['0.0.0.0:7', ':::7']],
    [
      ['192.0.2.1', '::', '::1'],
      ['0.0.0.0:7', ':::7'],
    ],
  ])('are bound where %j listens and nowhere else', async (addresses, bound) => {
    const host = new Host();
    expect(await portsOn(host).open([7], addresses)).toEqual([7]);
    expect([...host.bound]).toEqual(bound);
  });

  it('are the same number at every address, however long that takes to find', async () => {
    const host = new Host(['::1:40000', '::1:40001']);
    const ports = portsOn(host);
    expect(await ports.open([0, 0], ['127.0.0.1', '::1'])).toEqual([40_002, 40_003]);
    expect([...host.bound]).toEqual(['127.0.0.1:40002', '::1:40002', '127.0.0.1:40003', '::1:40003']);
    ports.close();
    expect(host.bound.size).toBe(0);
  });

  it('are refused when a wanted one is taken, and nothing stays bound', async () => {
    const host = new Host(['::1:7']);
    await expect(portsOn(host).open([7], ['127.0.0.1', '::1'])).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(host.bound.size).toBe(0);
  });

  it('do without IPv6 where every address is meant, and not where one was named', async () => {
    const host = new Host([], 'EAFNOSUPPORT');
    expect(await portsOn(host).open([7], ['::'])).toEqual([7]);
    expect([...host.bound]).toEqual(['0.0.0.0:7']);
    await expect(portsOn(host).open([8], ['127.0.0.1', '::1'])).rejects.toMatchObject({ code: 'EAFNOSUPPORT' });
  });
});

function portsOn(host: Host): ReflectorPorts {
  const reflector = new Reflector(new ReflectTokens(systemRandom), DEFAULT_LIMITS, systemRandom);
  return new ReflectorPorts(host, reflector, systemClock, silentLog);
}

/** A machine's UDP ports: which are taken by others, which are bound by us, and whether there is IPv6. */
class Host implements UdpFactory {
  readonly bound = new Set<string>();
  readonly #taken: readonly string[];
  readonly #ipv6Failure: string | undefined;
  #freePort = 40_000;

  constructor(taken: readonly string[] = [], ipv6Failure?: string) {
    this.#taken = taken;
    this.#ipv6Failure = ipv6Failure;
  }

  readonly open: UdpFactory['open'] = async (family, wanted, _handlers, address = family === 6 ? '::' : '0.0.0.0') => {
    if (family === 6 && this.#ipv6Failure) throw Object.assign(new Error('no IPv6'), { code: this.#ipv6Failure });
    const port = wanted === 0 ? this.#freePort++ : wanted;
    const key = `${address}:${port}`;
    if (this.#taken.includes(key) || this.bound.has(key)) {
      throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
    }
    this.bound.add(key);
    return { local: { address, port }, send: () => {}, close: () => void this.bound.delete(key) };
  };
}
