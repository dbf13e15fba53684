import type { DeviceJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, useState } from 'react';
import { type Action, useAction } from '../connection/use-action.ts';
import { type Fetched, useFetched } from '../connection/use-fetched.ts';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import { ApproveDevice } from './approve-device.tsx';
import { RecoveryCode } from './recovery-code.tsx';
import styles from './settings.module.css';
import { momentText } from './words.ts';

/** The devices of the account: who they are, taking one off, letting a new one in, and the code that gets it all back. */
export function DeviceSettings(): ReactElement {
  const { t } = useText();
  const devices = useFetched('account.devices', {});
  const action = useAction();
  const [revoked, setRevoked] = useState<DeviceJson>();
  return (
    <>
      <div className={styles.card}>
        <ul className={styles.list} aria-label={t('settings.devices')}>
          {devices.value?.items.map((device) => (
            <Device key={device.id} device={device} busy={action.busy} onRevoke={() => setRevoked(device)} />
          ))}
        </ul>
        {!devices.value && !devices.error && <p className={styles.note}>{t('settings.loading')}</p>}
        <Failure error={devices.value ? undefined : devices.error} />
      </div>
      <ApproveDevice onApproved={devices.reload} />
      <RecoveryCode />
      {revoked && (
        <RevokeDialog device={revoked} action={action} devices={devices} onClose={() => setRevoked(undefined)} />
      )}
    </>
  );
}

function Device({
  device,
  busy,
  onRevoke,
}: {
  readonly device: DeviceJson;
  readonly busy: boolean;
  readonly onRevoke: () => void;
}): ReactElement {
  const { t, locale } = useText();
  const label = device.label || device.id.slice(0, 8);
  const state = device.own ? 'own' : !device.active ? 'inactive' : device.online ? 'online' : 'offline';
  return (
    <li className={styles.item}>
      <div className={styles.words}>
        <p className={styles.strong}>{label}</p>
        <p className={styles.note}>
          {t(`settings.devices.${state}`)}
          {device.lastLoginAt &&
            ` · ${t('settings.devices.last-login', { when: momentText(device.lastLoginAt, locale) })}`}
        </p>
      </div>
      {!device.own && (
        <Button disabled={busy} aria-label={t('settings.devices.revoke-label', { label })} onClick={onRevoke}>
          {t('settings.devices.revoke')}
        </Button>
      )}
    </li>
  );
}

function RevokeDialog({
  device,
  action,
  devices,
  onClose,
}: {
  readonly device: DeviceJson;
  readonly action: Action;
  readonly devices: Fetched<{ items: DeviceJson[] }>;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useText();
  const label = device.label || device.id.slice(0, 8);
  const revoke = async () => {
    const left = await action.run('account.revokeDevice', { device: device.id });
    if (!left) return;
    devices.keep(left);
    onClose();
  };
  return (
    <Dialog open title={t('settings.devices.revoke-which', { label })} onClose={onClose}>
      <p>{t('settings.devices.revoke-means')}</p>
      <Failure error={action.error} />
      <DialogActions>
        <Button autoFocus onClick={onClose}>
          {t('settings.cancel')}
        </Button>
        <Button look="danger" disabled={action.busy} onClick={() => void revoke()}>
          {t('settings.devices.revoke')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
