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

/** A command for this profile, as typed into a terminal; without words the one that opens this page again. */
export function openingCommand(command = 'ui'): string {
  let folder: string | null = null;
  let magpie = 'magpie';
  try {
    folder = localStorage.getItem(KEY);
    if (localStorage.getItem(COMMAND_KEY) === 'npx magpie') magpie = 'npx magpie';
  } catch {
    // As above.
  }
  if (!folder) return `${magpie} ${command}`;
  const word = /^[\w@%+=:,./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", `'\\''`)}'`;
  return `${magpie} --profile ${word} ${command}`;
}
