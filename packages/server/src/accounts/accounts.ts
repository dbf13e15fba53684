import type { AccountNumber } from '@magpie/common/ids.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import type { AccountsPorts } from './accounts-ports.ts';
import { Announcer } from './announcer.ts';
import { Audit } from './audit.ts';
import { CredentialCheck } from './credential-check.ts';
import { Enrollment } from './enrollment.ts';
import { Logins } from './logins.ts';
import { OwnAccount } from './own-account.ts';
import { OwnDevices } from './own-devices.ts';
import { ProvedLogins } from './proved-logins.ts';
import { Registration, type RegistrationMode } from './registration.ts';
import type { UserAdmin } from './user-admin.ts';
import { UserAdminService } from './user-admin-service.ts';

export type { RegistrationMode } from './registration.ts';

const HOUR_SECONDS = 3_600;

/** Everything about accounts, put together: how they begin, how devices log in, what their owners and operators change. */
export class Accounts {
  readonly registration: Registration;
  readonly logins: Logins;
  readonly enrollment: Enrollment;
  readonly devices: OwnDevices;
  readonly own: OwnAccount;
  readonly users: UserAdmin;
  readonly audit: Audit;
  readonly announcer: Announcer;
  readonly #store: AccountsPorts['store'];

  constructor(ports: AccountsPorts, registration: RegistrationMode, limits: ServerLimits) {
    const proved = new ProvedLogins(limits);
    const announcer = new Announcer(ports.bus, proved);
    const listsPerHour = limits.deviceListsPerHour;
    const lists = new RateTable(listsPerHour / HOUR_SECONDS, listsPerHour, RATE_BUCKETS, ports.random);
    const audit = new Audit(ports.store, ports.clock, ports.log);
    const credentials = new CredentialCheck(ports, audit, limits);
    this.#store = ports.store;
    this.announcer = announcer;
    this.audit = audit;
    this.registration = new Registration(ports, credentials, registration, limits);
    this.logins = new Logins(ports, credentials, announcer, audit, lists);
    this.enrollment = new Enrollment(ports, proved, announcer, audit, lists, limits);
    this.devices = new OwnDevices(ports, announcer, audit, lists, limits);
    this.own = new OwnAccount(ports, credentials, announcer, audit, limits);
    this.users = new UserAdminService(ports, credentials, announcer, audit);
  }

  friendsOf(account: AccountNumber): Promise<readonly AccountNumber[]> {
    return this.#store.friendsOf(account);
  }
}
