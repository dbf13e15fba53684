import type { MessageId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { Unsent } from './unsent.ts';

const ID = '01'.repeat(16) as MessageId;

describe('what certainly never left (DL)', () => {
  it('[DL33] leaves by no road while it is being cancelled, and afterwards as a void only', () => {
    const unsent = new Unsent();
    unsent.add(ID);
    expect(unsent.hold(ID)).toBe(true);
    expect(unsent.mayLeave({ id: ID, kind: 'text' })).toBe(false);
    expect(unsent.mayLeave({ id: ID, kind: 'void' })).toBe(false);
    unsent.release(ID, true);
    expect(unsent.mayLeave({ id: ID, kind: 'text' })).toBe(false);
    expect(unsent.mayLeave({ id: ID, kind: 'void' })).toBe(true);
  });

  it('[DL33] is not cancelled once it may have left', () => {
    const unsent = new Unsent();
    unsent.add(ID);
    unsent.remove(ID);
    expect(unsent.hold(ID)).toBe(false);
    expect(unsent.mayLeave({ id: ID, kind: 'text' })).toBe(true);
  });

  it('[DL33] goes on as it was when it could not be cancelled', () => {
    const unsent = new Unsent();
    unsent.add(ID);
    unsent.hold(ID);
    unsent.release(ID, false);
    expect(unsent.mayLeave({ id: ID, kind: 'text' })).toBe(true);
    expect(unsent.has(ID)).toBe(true);
  });
});
