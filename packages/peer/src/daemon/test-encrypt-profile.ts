import { pathToFileURL } from 'node:url';
import { profilePaths } from '../config.ts';
import { SystemRandom } from '../io/system-random.ts';
import { decryptProfile, encryptProfile } from './profile-encryption.ts';

/** Encrypts or decrypts a profile in a process of its own, so that a test can kill it: FOLDER encrypt|decrypt PASSPHRASE. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , folder = '', what, passphrase = ''] = process.argv;
  const paths = profilePaths(`${folder}/`, {});
  if (!paths.ok) throw new Error(paths.error);
  const change = what === 'encrypt' ? encryptProfile : decryptProfile;
  const changed = await change(paths.value, passphrase, new SystemRandom());
  process.stdout.write(changed.ok ? 'ok\n' : `${changed.error.code}\n`);
}
