import { describe, expect, it } from 'vitest';
import { type ConfigProblem, type ConfigSources, loadConfig, type ServerConfig } from './config.ts';
import { DEFAULT_LIMITS } from './limits.ts';

describe('the configuration', () => {
  it('[R25] has defaults: port 10000 on every address, open registration, the limits of the table', () => {
    expect(loaded({ env: { HOME: '/home/op' } })).toEqual({
      listen: [{ address: '::', port: 10_000 }],
      dataFolder: '/home/op/.local/share/magpie-server',
      registration: 'open',
      logLevel: 'info',
      drainPerSecond: 500,
      drainSeconds: 10,
      passwordHash: { memoryKiB: 19_456, passes: 2 },
      limits: DEFAULT_LIMITS,
    });
  });

  it('takes flags over environment over file, key by key', () => {
    const config = loaded({
      flags: { data: '/flag' },
      env: { MAGPIE_SERVER_DATA: '/env', MAGPIE_SERVER_REGISTRATION: 'closed' },
      file: { path: 'a.toml', text: 'data = "/file"\nregistration = "invite"\nlog_level = "debug"' },
    });
    expect(config).toMatchObject({ dataFolder: '/flag', registration: 'closed', logLevel: 'debug' });
  });

  it.each([
    ['127.0.0.1:0', { address: '127.0.0.1', port: 0 }],
    ['[::1]:65000', { address: '::1', port: 65_000 }],
    ['localhost:1', { address: '127.0.0.1', port: 1 }],
    [':10000', { address: '::', port: 10_000 }],
    ['*:10000', { address: '::', port: 10_000 }],
    ['[::ffff:10.0.0.1]:5', { address: '10.0.0.1', port: 5 }],
  ])('listens on %s', (text, endpoint) => {
    expect(loaded({ flags: { listen: [text] } }).listen).toEqual([endpoint]);
  });

  it.each([
    ['127.0.0.1:9100', { address: '127.0.0.1', port: 9100 }],
    ['localhost:0', { address: '127.0.0.1', port: 0 }],
    ['[::1]:9100', { address: '::1', port: 9100 }],
  ])('tells health and metrics on this machine only, as on %s', (text, endpoint) => {
    expect(loaded({ flags: { monitor: text } }).monitor).toEqual(endpoint);
  });

  it('takes the speed of an orderly stop', () => {
    const file = { path: 'f', text: 'drain_per_second = 20\ndrain_seconds = 300' };
    expect(loaded({ file })).toMatchObject({ drainPerSecond: 20, drainSeconds: 300 });
  });

  it('listens on several addresses, from a repeated flag, a list with commas or an array', () => {
    const listen = [
      { address: '127.0.0.1', port: 1 },
      { address: '::1', port: 2 },
    ];
    expect(loaded({ flags: { listen: ['127.0.0.1:1', '[::1]:2'] } }).listen).toEqual(listen);
    expect(loaded({ env: { MAGPIE_SERVER_LISTEN: '127.0.0.1:1, [::1]:2' } }).listen).toEqual(listen);
    expect(loaded({ file: { path: 'f', text: 'listen = ["127.0.0.1:1", "[::1]:2"]' } }).listen).toEqual(listen);
  });

  it.each(['', 'host', '10.0.0.1', '10.0.0.1:99999', '300.0.0.1:1', '[::1]', '::1:5', 'example.org:1', '10.0.0.1:x'])(
    'refuses to listen on "%s", and says who asked for it',
    (text) => {
      expect(problems({ flags: { listen: [text] } })).toMatchObject([
        { code: 'bad-value', key: 'listen', source: '--listen', expected: { kind: 'listen-addresses' } },
      ]);
    },
  );

  it('[R24] reads every limit from its key, in the file and in the environment', () => {
    const config = loaded({
      env: { MAGPIE_SERVER_LIMITS_LOOKUPS_PER_HOUR: '7' },
      file: { path: 'f', text: '[limits]\nlookups_per_hour = 5\nfriend_requests_per_day = 6' },
    });
    expect(config.limits).toEqual({ ...DEFAULT_LIMITS, lookupsPerHour: 7, friendRequestsPerDay: 6 });
  });

  it.each([
    ['[limits]\nlookups_per_hour = 0', 'limits.lookups_per_hour'],
    ['[limits]\nlookups_per_hour = "5"', 'limits.lookups_per_hour'],
    ['[limits]\nlookups_per_hour = 1.5', 'limits.lookups_per_hour'],
    ['registration = "maybe"', 'registration'],
    ['registration = true', 'registration'],
    ['data = ""', 'data'],
    ['public_host = "a b"', 'public_host'],
    ['public_host = "a.example:1"', 'public_host'],
    ['udp_ports = [1, 1]', 'udp_ports'],
    ['udp_ports = []', 'udp_ports'],
    ['listen = 2026-01-01', 'listen'],
    ['[listen]\nx = 1', 'listen'],
    ['listen = "127.0.0.1:65535"', 'listen'],
    ['password_hash = { memory_kib = 1 }', 'password_hash.memory_kib'],
    ['monitor = "0.0.0.0:9100"', 'monitor'],
    ['monitor = "[::]:9100"', 'monitor'],
    ['monitor = ":9100"', 'monitor'],
    ['monitor = "192.168.1.5:9100"', 'monitor'],
    ['monitor = "127.0.0.1"', 'monitor'],
    ['drain_per_second = 0', 'drain_per_second'],
    ['drain_seconds = 100000', 'drain_seconds'],
  ])('names the key that is wrong in %j', (text, key) => {
    expect(problems({ file: { path: 'server.toml', text } })).toMatchObject([{ code: 'bad-value', key }]);
  });

  it.each([
    ['registraton = "open"', 'registraton', 'registration'],
    ['[limits]\nlookup_per_hour = 1', 'limits.lookup_per_hour', 'limits.lookups_per_hour'],
    ['limits = 1', 'limits', undefined],
    ['constructor = 1', 'constructor', undefined],
    ['"__proto__" = 1', '__proto__', undefined],
    ['born = 2026-01-01', 'born', undefined],
  ])('refuses the unknown key in %j with a suggestion', (text, key, suggestion) => {
    const [problem] = problems({ file: { path: 'server.toml', text } });
    expect(problem).toEqual({
      code: 'unknown-key',
      key,
      source: 'server.toml',
      ...(suggestion !== undefined && { suggestion }),
    });
  });

  it('refuses an unknown variable of the environment, and leaves those of other programs alone', () => {
    expect(problems({ env: { MAGPIE_SERVER_LISTN: ':1', MAGPIE_SERVER: 'host:1', MAGPIE_PROFILE: 'a' } })).toEqual([
      {
        code: 'unknown-key',
        key: 'MAGPIE_SERVER_LISTN',
        source: 'MAGPIE_SERVER_LISTN',
        suggestion: 'MAGPIE_SERVER_LISTEN',
      },
    ]);
  });

  it('says where the file stops being TOML', () => {
    expect(problems({ file: { path: 'server.toml', text: 'data = "/a"\nlisten = [' } })).toMatchObject([
      { code: 'bad-syntax', source: 'server.toml', line: 2 },
    ]);
  });

  it('reports every problem at once', () => {
    const found = problems({
      flags: { log_level: 'loud' },
      env: { MAGPIE_SERVER_UDP_PORTS: '1,99999' },
      file: { path: 'server.toml', text: 'colour = "red"' },
    });
    expect(found.map((problem) => problem.source).sort()).toEqual([
      '--log-level',
      'MAGPIE_SERVER_UDP_PORTS',
      'server.toml',
    ]);
  });
});

function loaded(sources: ConfigSources): ServerConfig {
  const config = loadConfig(sources);
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  return config.value;
}

function problems(sources: ConfigSources): readonly ConfigProblem[] {
  const config = loadConfig(sources);
  return config.ok ? [] : config.error;
}
