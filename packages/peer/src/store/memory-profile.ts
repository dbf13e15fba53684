import type { DeviceId } from '@magpie/common/ids.ts';
import type { Profile } from './store.ts';
import { StoreError } from './store-error.ts';

/** Account and stamps in the memory store. */
export class MemoryProfile {
  #profile: Profile | undefined;
  #peerStamps = new Map<DeviceId, number>();

  copy(): MemoryProfile {
    const copy = new MemoryProfile();
    copy.#profile = this.#profile;
    copy.#peerStamps = new Map(this.#peerStamps);
    return copy;
  }

  profile(): Profile | undefined {
    return this.#profile;
  }

  needProfile(): Profile {
    if (!this.#profile) throw new StoreError('no-profile', 'this profile has no account yet');
    return this.#profile;
  }

  saveProfile(profile: Profile): void {
    this.#profile = { ...profile };
  }

  peerStamp(device: DeviceId): number {
    return this.#peerStamps.get(device) ?? 0;
  }

  savePeerStamp(device: DeviceId, stamp: number): void {
    this.#peerStamps.set(device, stamp);
  }
}
