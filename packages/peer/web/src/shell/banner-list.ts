import type { ContactJson, NoticeJson } from '@magpie/common/rpc/schemas.ts';
import type { ViewState } from '@magpie/common/view/view-state.ts';

/** What stands above everything until it is over or was put away; the gravest first. */
export type BannerItem =
  | { readonly kind: 'daemon-lost' }
  /** This device may not act for the account any more, or the person logged out. */
  | { readonly kind: 'signed-out'; readonly because: string | null }
  /** The link ended for a reason that waiting does not mend. */
  | { readonly kind: 'server-stopped'; readonly because: string }
  /** The person chose to be offline. */
  | { readonly kind: 'offline' }
  | { readonly kind: 'server-lost'; readonly because: string | null; readonly retryAt: string | null }
  | { readonly kind: 'server-connecting' }
  | { readonly kind: 'recovery-unseen' }
  /** Of friends whose messages wait until somebody looks. */
  | { readonly kind: 'key-changed'; readonly contact: ContactJson; readonly others: number }
  /** The newest that nobody has put away. */
  | { readonly kind: 'notice'; readonly notice: NoticeJson; readonly others: number };

type Shown = Pick<ViewState, 'daemon' | 'status' | 'contacts' | 'notices'>;

export function bannersOf({ daemon, status, contacts, notices }: Shown): readonly BannerItem[] {
  const items: BannerItem[] = [];
  const isSignedIn = status !== undefined && status.server.state !== 'signed-out';
  if (daemon.state !== 'open') items.push({ kind: 'daemon-lost' });
  else if (status) items.push(...ofServer(status));
  if (isSignedIn && status.recoveryUnseen) items.push({ kind: 'recovery-unseen' });
  const changed = [...contacts.values()].filter(({ keyChanged, state }) => keyChanged && state === 'member');
  if (changed[0]) items.push({ kind: 'key-changed', contact: changed[0], others: changed.length - 1 });
  const news = notices.filter(({ dismissed }) => !dismissed);
  if (news[0]) items.push({ kind: 'notice', notice: news[0], others: news.length - 1 });
  return items;
}

function ofServer({ server, wish }: NonNullable<ViewState['status']>): readonly BannerItem[] {
  const { state, lastError, retryAt } = server;
  switch (state) {
    case 'connected':
      return [];
    case 'connecting':
      return [{ kind: 'server-connecting' }];
    case 'waiting':
      return [{ kind: 'server-lost', because: lastError, retryAt }];
    case 'signed-out':
      return [{ kind: 'signed-out', because: lastError }];
    case 'stopped':
      return wish === 'offline' || lastError === null
        ? [{ kind: 'offline' }]
        : [{ kind: 'server-stopped', because: lastError }];
  }
}
