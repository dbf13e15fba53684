/** ID6: zeros stand for no key, and are never pinned: the account is deleted, or nobody has ever signed in to it. */
export function isAccountKey(key: Uint8Array): boolean {
  return key.some((byte) => byte !== 0);
}
