import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { createViewModel } from '@magpie/common/view/create-view-model.ts';
import type { ViewModel } from '@magpie/common/view/view-model.ts';
import { create } from 'zustand';
import { PAGE_CLOCK, PAGE_RANDOM } from './page-ports.ts';
import { exchangeCode, keptToken, takeCode } from './page-token.ts';
import { WebSocketConnector } from './web-socket-connector.ts';

/** How this tab came to speak with the daemon, or why it does not. */
export type Entry =
  | { readonly state: 'opening' }
  | { readonly state: 'open'; readonly view: ViewModel }
  /** No right to: the page must be opened anew. No error: nobody ever asked, as in a new tab. */
  | { readonly state: 'closed'; readonly error: RpcError | undefined };

export const useEntry = create<Entry>(() => ({ state: 'opening' }));

/** The code of this address while the daemon could not be asked what it is worth. */
let waitingCode: string | undefined;

/** By the one-time code of the address, else by what this tab was given before. Also for a link pasted into an open tab. */
export async function enter(): Promise<void> {
  const code = takeCode() ?? waitingCode;
  waitingCode = undefined;
  if (code !== undefined) return enterBy(code);
  if (keptToken() === undefined) close(undefined);
  else open(startedView(async () => keptToken()));
}

/** The connection is made while the daemon is asked what the code is worth, and says nothing before that is known. */
async function enterBy(code: string): Promise<void> {
  const exchange = exchangeCode(code);
  const view = startedView(async () => ((await exchange).ok ? keptToken() : undefined));
  const token = await exchange;
  if (token.ok) return open(view);
  view.stop();
  if (token.error.code === 'CONNECTION_LOST' || token.error.code === 'TOO_MANY') waitingCode = code;
  else if (keptToken() !== undefined) return open(startedView(async () => keptToken()));
  close(token.error);
}

/** The daemon refused the token of this tab. It is kept: another daemon may have had the address for a while. */
export function leave(error: RpcError): void {
  close(error);
}

function startedView(token: () => Promise<string | undefined>): ViewModel {
  const connector = new WebSocketConnector(token, PAGE_RANDOM);
  const view = createViewModel({ connector, clock: PAGE_CLOCK, random: PAGE_RANDOM });
  view.start();
  return view;
}

function open(view: ViewModel): void {
  stopView();
  useEntry.setState({ state: 'open', view }, true);
}

function close(error: RpcError | undefined): void {
  stopView();
  useEntry.setState({ state: 'closed', error }, true);
}

function stopView(): void {
  const entry = useEntry.getState();
  if (entry.state === 'open') entry.view.stop();
}
