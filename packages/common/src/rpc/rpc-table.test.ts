import { describe, expect, it } from 'vitest';
import { isForPages, RPC_TABLE, type RpcMethod } from './rpc-table.ts';

const METHODS = Object.keys(RPC_TABLE) as RpcMethod[];

/** A new method is decided about here, too. */
const FOR_PAGES = `
  account.cancelSignIn account.changePassword account.delete account.devices account.invitation account.login
  account.logout account.offerApproval account.policy account.recoveryKept account.register account.renewRecovery
  account.revokeDevice account.setPolicy account.setProfile account.whoami account.withdrawApproval
  chat.list
  contact.accept contact.add contact.block contact.list contact.lookup contact.reject contact.remove contact.safety
  contact.set contact.show contact.unblock contact.verify
  daemon.status
  draft.get draft.list draft.set
  message.delete message.edit message.list message.markRead message.nudge message.react message.recall message.search
  message.send message.show message.typing
  net.neverDirect net.path net.status
  notice.dismiss notice.list
  page.closeAll
  presence.autoAway presence.get presence.set
  privacy.get privacy.set
  status
  watch.start`;

describe('the methods of the local API', () => {
  it("are a page's as far as a messenger needs them: none ends the daemon, makes links, exports or tests", () => {
    expect(METHODS.filter(isForPages).toSorted()).toEqual(FOR_PAGES.trim().split(/\s+/).toSorted());
    const others = METHODS.filter((method) => !isForPages(method));
    expect(others.toSorted()).toEqual(['daemon.stop', 'debug.dropUdp', 'message.export', 'page.open']);
  });

  it('take no path of the disk and no command from anybody', () => {
    const fields = METHODS.flatMap((method) => Object.keys(RPC_TABLE[method].params.shape));
    expect(fields.length).toBeGreaterThan(80);
    expect(fields.filter((field) => /(path|file|folder|dir|directory|command|shell)$/i.test(field))).toEqual([]);
  });
});
