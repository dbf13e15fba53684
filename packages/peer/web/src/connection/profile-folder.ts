import type { ViewModel } from '@magpie/common/view/view-model.ts';

const KEY = 'magpie.profile';
const COMMAND_KEY = 'magpie.command';

/** An address belongs to one profile, so its folder is kept: a tab that was closed can then name the exact command. */
export async function keepProfile(view: ViewModel): Promise<void> {
  const status = await view.call('daemon.status', {});
  if (!status.ok) return;
  try {
    localStorage.setItem(KEY, status.value.profile);
    localStorage.setItem(COMMAND_KEY, status.value.command ?? '');
  } catch {
    // Storage is full or forbidden: the command is shown without the folder.
  }
}

/**
 * A command as typed into a terminal; without words the one that opens this page again.
 * @param folder of the profile; this page's unless another one is named
 */
export function openingCommand(command = 'ui', folder = kept(KEY)): string {
  const magpie = kept(COMMAND_KEY) === 'npx magpie' ? 'npx magpie' : 'magpie';
  if (!folder) return `${magpie} ${command}`;
  const word = /^[\w@%+=:,./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", `'\\''`)}'`;
  return `${magpie} --profile ${word} ${command}`;
}

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    // As above.
    return null;
  }
}
