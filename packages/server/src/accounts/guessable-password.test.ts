import { PASSWORD_CODE_POINTS_MAX, PASSWORD_CODE_POINTS_MIN } from '@magpie/common/limits.ts';
import { describe, expect, it } from 'vitest';
import { COMMON_WORDS } from './common-words.ts';
import { isGuessable } from './guessable-password.ts';

describe('passwords that are guessed first (R25)', () => {
  it.each([
    ...['admin12345', 'Password1!', 'passw0rd123', 'P@ssw0rd2024', 'letmein2023!', 'iloveyou123', 'dragonmonkey'],
    ...['1122334455', '11223344556', '0000000001', '1111111112', '9876543210', '7894561230', '1357924680'],
    ...['123123123123', '123321123321', 'abcabcabcabc', 'asdfasdfasdf', 'qwer1234qwer', 'aaabbbcccddd'],
    ...['qwertyuiop', 'poiuytrewq', '1qaz2wsx3edc', 'zaq12wsxcde3', '1q2w3e4r5t6y', 'a1b2c3d4e5', '!@#$%^&*()'],
    ...['5201314520', 'woaini5201314', 'zhangwei1990', '1990010119', 'Summer2024!', 'football1998', '1231231230'],
    ...['correcthorsebatterystaple', 'administrator', 'passwordpassword', '🐦🌉🐦🌉🐦🌉🐦🌉🐦🌉', 'abcdefghij1'],
  ])('refuses %s', (password) => {
    expect(isGuessable(password, 'someone')).toBe(true);
  });

  it.each(['alice12345', 'alice_2024', '123alice123', 'Al1ce!!!!!', 'alicealice1', 'AlicePassword'])(
    'refuses %s to alice',
    (password) => {
      expect(isGuessable(password, 'alice')).toBe(true);
    },
  );

  it('refuses a year, a number or a sign behind any common word', () => {
    const endings = ['2024', '1999', '123', '12345', '1!', '@123', '!!!!', '520', '1314', '00', '007'];
    const made = COMMON_WORDS.flatMap((word) => endings.map((ending) => word + ending));
    const long = made.filter((password) => password.length >= PASSWORD_CODE_POINTS_MIN);
    expect(long.length).toBeGreaterThan(1_000);
    expect(long.filter((password) => !isGuessable(password, 'someone'))).toEqual([]);
  });

  it.each([
    ...[
      'correct magpie 7',
      'seven quiet magpies',
      'nine loud magpies',
      'blue kettle on the roof',
      'my cat eats tulips',
    ],
    ...[
      '喜鹊桥上见喜鹊桥上见',
      '今天天气真好我们去爬山',
      'сорока летит домой',
      'Tr0ub4dor&3x',
      'kV9#mQ2x!p',
      'xkqzvbwmth',
    ],
    ...[
      'monkey dragon football sunshine',
      'love my two old bikes',
      '8302915746',
      'ponte-vecchio-71',
      'mississippi mud',
    ],
  ])('accepts %s', (password) => {
    expect(isGuessable(password, 'someone')).toBe(false);
  });

  it('accepts a passphrase that holds the name among much else', () => {
    expect(isGuessable('alice went down the hole', 'alice')).toBe(false);
    expect(isGuessable('alicewandered', 'alice')).toBe(false);
  });

  it.each(['1', '$', '5', 's5', 'a1!', '1qaz', 'password', '🐦', 'a'.repeat(63)])(
    'costs a stranger no time of the server: the longest one of %s and one other character',
    (text) => {
      const password = `${text.repeat(PASSWORD_CODE_POINTS_MAX).slice(0, PASSWORD_CODE_POINTS_MAX - 1)}ü`;
      const tries = Array.from({ length: 12 }, () => cpuMsOf(() => isGuessable(password, 'a'.repeat(32))));
      expect(Math.min(...tries)).toBeLessThan(3);
    },
  );
});

/** The machine may be busy with something else: only the time of this process counts. */
function cpuMsOf(task: () => void): number {
  const rounds = 5;
  const started = process.cpuUsage();
  for (let i = 0; i < rounds; i++) task();
  return process.cpuUsage(started).user / 1_000 / rounds;
}
