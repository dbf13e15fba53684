import type { ReactElement } from 'react';
import { Choice } from '../design/choice.tsx';
import { Switch } from '../design/switch.tsx';
import { setPreferences, usePreferences } from '../shell/preferences.ts';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

/** What belongs to this browser: language, look and keys. */
export function GeneralSettings(): ReactElement {
  const { t } = useText();
  const preferences = usePreferences();
  return (
    <>
      <div className={styles.card}>
        <Choice
          label={t('settings.language')}
          value={preferences.language}
          options={[
            { value: 'system', label: t('settings.language.system') },
            { value: 'en', label: 'English' },
            { value: 'zh-CN', label: '简体中文' },
          ]}
          onChange={(language) => setPreferences({ language })}
        />
      </div>
      <div className={styles.card}>
        <Choice
          label={t('settings.theme')}
          value={preferences.theme}
          options={[
            { value: 'system', label: t('settings.theme.system') },
            { value: 'light', label: t('settings.theme.light') },
            { value: 'dark', label: t('settings.theme.dark') },
          ]}
          onChange={(theme) => setPreferences({ theme })}
        />
      </div>
      <div className={styles.card}>
        <Choice
          label={t('settings.send-with')}
          value={preferences.sendWith}
          options={[
            { value: 'enter', label: t('settings.send-with.enter'), hint: t('settings.send-with.enter-means') },
            {
              value: 'ctrl-enter',
              label: t('settings.send-with.ctrl-enter'),
              hint: t('settings.send-with.ctrl-enter-means'),
            },
          ]}
          onChange={(sendWith) => setPreferences({ sendWith })}
        />
        <Switch
          label={t('settings.letter-keys')}
          hint={t('settings.letter-keys-means')}
          checked={preferences.letterKeys}
          onChange={(letterKeys) => setPreferences({ letterKeys })}
        />
      </div>
      <p className={styles.note}>{t('settings.general.where')}</p>
    </>
  );
}
