import type { Environment } from '../config.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { withDaemon, withStartedDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';

/** A browser that was started and says nothing within this has opened, as far as anybody can know. */
export const BROWSER_ANSWER_MS = 1_500;

interface Link {
  readonly url: string;
  readonly expiresAt: string;
}

export function addUiCommand(host: CommandHost): void {
  host.add(host.program, {
    usage: 'ui',
    summary: 'help.ui',
    examples: ['ui', 'ui --print-url', 'ui --no-open --json', 'ui --close-all'],
    options: [
      ['--no-open', 'option.no-open'],
      ['--print-url', 'option.print-url'],
      ['--close-all', 'option.close-all'],
    ],
    body: (invocation, _words, options) =>
      options.closeAll === true ? closeAll(invocation) : openPage(invocation, options),
  });
}

function closeAll(invocation: Invocation): Promise<undefined> {
  return withDaemon(invocation, async (link) => {
    await link.call('page.closeAll', {});
    invocation.out.done({ closed: true }, invocation.text('ui.closed', { magpie: invocation.magpie }));
    return undefined;
  });
}

function openPage(invocation: Invocation, options: OptionValues): Promise<undefined> {
  return withStartedDaemon(invocation, async (link) => {
    const { out, ports, text } = invocation;
    const page = await link.call('page.open', {});
    const isWanted = options.open !== false && options.printUrl !== true && !out.json;
    const opened = isWanted && hasDisplay(ports.env) && (await openBrowser(invocation, page));
    const json = { url: page.url, expiresAt: page.expiresAt, opened };
    if (options.printUrl === true) out.data(json, [page.url]);
    else if (opened) out.done(json, text('ui.opened'));
    else sayLink(invocation, page, json);
    out.note(addressOf(page));
    return undefined;
  });
}

/**
 * The link goes through the argument list of a program, where others on the machine can read it: it opens the page once
 * and is spent the moment the browser has it.
 */
function openBrowser({ ports }: Invocation, { url }: Link): Promise<boolean> {
  return ports.openBrowser(url, BROWSER_ANSWER_MS);
}

function sayLink({ out, text, ports }: Invocation, page: Link, json: object): void {
  const seconds = Math.max(1, Math.round((Date.parse(page.expiresAt) - Date.now()) / 1_000));
  out.note(text('ui.link', { seconds }));
  out.data(json, [page.url]);
  if (isRemote(ports.env)) out.note(text('ui.remote', { port: new URL(page.url).port }));
}

/** Without the code: what one may show and keep. */
function addressOf({ url }: Link): string {
  return `${new URL(url).origin}/`;
}

/** A browser started here would be seen by somebody: not over SSH, and under Linux only with a screen. */
function hasDisplay(env: Environment): boolean {
  if (isRemote(env)) return false;
  if (process.platform !== 'linux') return true;
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY || env.WSL_DISTRO_NAME);
}

function isRemote(env: Environment): boolean {
  return Boolean(env.SSH_CONNECTION || env.SSH_TTY);
}
