import type { Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { hasPassphrase, PASSPHRASE_BYTES_MAX, PASSPHRASE_CODE_POINTS_MIN } from '../io/profile-key-file.ts';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { readTextInput } from './input.ts';
import type { Invocation } from './invocation.ts';
import { printable } from './printable.ts';
import { askSecret } from './prompt.ts';

/** The passphrase of the profile on this machine (R30); it has nothing to do with the account's password. */
export function addPassphraseCommands(host: CommandHost): void {
  const profile = host.noun('profile', 'help.profile');
  host.add(profile, {
    usage: 'encrypt',
    summary: 'help.profile.encrypt',
    examples: ['profile encrypt', 'profile encrypt --passphrase-file secret.txt --json'],
    body: encrypt,
  });
  host.add(profile, {
    usage: 'decrypt',
    summary: 'help.profile.decrypt',
    examples: ['profile decrypt'],
    body: decrypt,
  });
  host.add(profile, {
    usage: 'passphrase',
    summary: 'help.profile.passphrase',
    examples: ['profile passphrase', 'profile passphrase --passphrase-file old.txt --new-passphrase-file new.txt'],
    options: [['--new-passphrase-file <file>', 'option.new-passphrase-file']],
    body: change,
  });
}

/** What a daemon of this profile needs to start; undefined when the profile has no passphrase. */
export async function daemonPassphrase(invocation: Invocation): Promise<string | undefined> {
  return hasPassphrase(invocation.paths.folder) ? presentPassphrase(invocation) : undefined;
}

async function encrypt(invocation: Invocation): Promise<undefined> {
  const { out, text, paths, passphraseFile } = invocation;
  // Of one that was interrupted the passphrase is known already.
  const passphrase = hasPassphrase(paths.folder)
    ? await presentPassphrase(invocation)
    : await newPassphrase(invocation, passphraseFile);
  await changeProfile((change, random) => change.encryptProfile(paths, passphrase, random));
  out.done({ encrypted: true }, text('profile.encrypted', { profile: printable(paths.folder) }));
}

async function decrypt(invocation: Invocation): Promise<undefined> {
  const { out, text, paths } = invocation;
  const passphrase = await knownPassphrase(invocation);
  await changeProfile((change, random) => change.decryptProfile(paths, passphrase, random));
  out.done({ encrypted: false }, text('profile.decrypted', { profile: printable(paths.folder) }));
}

async function change(invocation: Invocation, _words: readonly string[], options: OptionValues): Promise<undefined> {
  const { out, text, paths, passphraseFile } = invocation;
  const { newPassphraseFile } = options;
  if (passphraseFile === '-' && newPassphraseFile === '-') throw usageError('usage.one-stdin');
  const passphrase = await knownPassphrase(invocation);
  const newFile = typeof newPassphraseFile === 'string' ? newPassphraseFile : undefined;
  const next = await newPassphrase(invocation, newFile);
  await changeProfile((change, random) => change.changePassphrase(paths, passphrase, next, random));
  out.done({}, text('profile.passphrase-changed'));
}

type Encryption = typeof import('../daemon/profile-encryption.ts');
type Random = import('../io/system-random.ts').SystemRandom;

async function changeProfile(
  body: (change: Encryption, random: Random) => Promise<Result<void, RpcError>>,
): Promise<void> {
  const [change, { SystemRandom }] = await Promise.all([
    import('../daemon/profile-encryption.ts'),
    import('../io/system-random.ts'),
  ]);
  const changed = await body(change, new SystemRandom());
  if (!changed.ok) throw new CliError(changed.error);
}

/** Nothing is asked about a profile that has no passphrase. */
function knownPassphrase(invocation: Invocation): Promise<string> {
  const { paths } = invocation;
  if (hasPassphrase(paths.folder)) return presentPassphrase(invocation);
  throw new CliError({ code: 'PROFILE_NOT_ENCRYPTED', detail: { profile: paths.folder } });
}

async function presentPassphrase({ ports, text, interactive, paths, passphraseFile }: Invocation): Promise<string> {
  if (passphraseFile !== undefined) return readTextInput(ports, passphraseFile, PASSPHRASE_BYTES_MAX);
  if (!interactive) throw new CliError({ code: 'PASSPHRASE_NEEDED', detail: { profile: paths.folder } });
  return askSecret(ports, text('prompt.passphrase'));
}

/** From a file, or asked for twice: nobody can bring a lost one back. */
async function newPassphrase(invocation: Invocation, file: string | undefined): Promise<string> {
  const { ports, text, interactive, paths } = invocation;
  if (file !== undefined) return checked(await readTextInput(ports, file, PASSPHRASE_BYTES_MAX));
  if (!interactive) throw new CliError({ code: 'PASSPHRASE_NEEDED', detail: { profile: paths.folder } });
  const passphrase = checked(await askSecret(ports, text('prompt.new-passphrase')));
  const again = await askSecret(ports, text('prompt.passphrase-again'));
  if (again !== passphrase) throw new CliError({ code: 'INPUT_NEEDED' }, { sentence: 'input.passphrases-differ' });
  return passphrase;
}

function checked(passphrase: string): string {
  const isLong = [...passphrase].length >= PASSPHRASE_CODE_POINTS_MIN;
  if (isLong && Buffer.byteLength(passphrase) <= PASSPHRASE_BYTES_MAX) return passphrase;
  throw usageError('usage.bad-passphrase', { least: PASSPHRASE_CODE_POINTS_MIN });
}
