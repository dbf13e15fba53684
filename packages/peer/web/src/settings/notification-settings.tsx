import { type ReactElement, useEffect, useState } from 'react';
import { Button } from '../design/button.tsx';
import { Choice } from '../design/choice.tsx';
import { Switch } from '../design/switch.tsx';
import { type Preferences, setPreferences, usePreferences } from '../shell/preferences.ts';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

const LEVELS: readonly Preferences['notifications'][] = ['off', 'nothing', 'name', 'text'];

/** How much a desktop notification says, and whether the browser lets it through. */
export function NotificationSettings(): ReactElement {
  const { t } = useText();
  const { notifications, sound } = usePreferences();
  const { permission, ask } = usePermission();
  const choose = (level: Preferences['notifications']) => {
    setPreferences({ notifications: level });
    if (level !== 'off' && permission === 'default') ask();
  };
  return (
    <>
      <div className={styles.card}>
        <Choice
          label={t('settings.notifications.level')}
          value={notifications}
          options={LEVELS.map((level) => ({ value: level, label: t(`settings.notifications.level.${level}`) }))}
          onChange={choose}
        />
        <p className={styles.note} role="status">
          {t(`settings.notifications.permission.${permission}`)}
        </p>
        <div className={styles.row}>
          {permission === 'default' && (
            <Button look="primary" onClick={ask}>
              {t('settings.notifications.allow')}
            </Button>
          )}
          {permission === 'granted' && <TestButton />}
        </div>
      </div>
      <div className={styles.card}>
        <Switch
          label={t('settings.sound')}
          hint={t('settings.sound-means')}
          checked={sound}
          onChange={(on) => setPreferences({ sound: on })}
        />
      </div>
    </>
  );
}

function TestButton(): ReactElement {
  const { t } = useText();
  const [isSent, setSent] = useState(false);
  const test = () => {
    try {
      new Notification('Magpie', {
        body: t('settings.notifications.test-body'),
        tag: 'magpie test',
        icon: '/favicon.svg',
      });
      setSent(true);
    } catch {
      // Browsers of phones only let service workers do it.
      setSent(false);
    }
  };
  return (
    <>
      <Button onClick={test}>{t('settings.notifications.test')}</Button>
      <span role="status" className={styles.note}>
        {isSent && t('settings.notifications.test-sent')}
      </span>
    </>
  );
}

type Permission = NotificationPermission | 'missing';

function usePermission(): { readonly permission: Permission; readonly ask: () => void } {
  const [permission, setPermission] = useState<Permission>(current);
  useEffect(() => {
    const look = () => setPermission(current());
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, []);
  const ask = () => void Notification.requestPermission().then(setPermission, () => {});
  return { permission, ask };
}

function current(): Permission {
  return 'Notification' in window ? Notification.permission : 'missing';
}
