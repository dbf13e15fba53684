import { newRecoveryCode } from '@magpie/common/channel/recovery-code.ts';
import { expect, it } from 'vitest';
import { TestWorld } from '../session/test-world.ts';

const WEAK = 'password12';

it('[SV26] judges no new password of a source that is over its logins', async () => {
  const world = await TestWorld.start({ passwordLoginsPerSourcePerMinute: 3 });
  const code = newRecoveryCode(world.random);
  const recover = async (address?: string) => {
    const answer = await world.connect(undefined, address).recover('alice', code, WEAK);
    return answer.type === 'refused' ? answer.code : answer.type;
  };
  for (let i = 0; i < 3; i++) expect(await recover()).toBe('weak-password');
  expect(await recover()).toBe('rate-limited');
  expect(await recover('198.51.100.7')).toBe('weak-password');
});

it('[SV26] judges no more than ten passwords for each registration of a source', async () => {
  const world = await TestWorld.start({ registrationsPerSourcePerHour: 2 });
  const register = async (password: string, address?: string) => {
    const answer = await world.connect(undefined, address).register('alice', password);
    return answer.type === 'refused' ? answer.code : answer.type;
  };
  for (let i = 0; i < 20; i++) expect(await register(WEAK)).toBe('weak-password');
  expect(await register(WEAK)).toBe('rate-limited');
  expect(await register(WEAK, '198.51.100.7')).toBe('weak-password');
  await world.advance(3_600_000);
  expect(await register('correct magpie 7')).toBe('welcome');
});
