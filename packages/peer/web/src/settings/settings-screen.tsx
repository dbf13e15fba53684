import { type ReactElement, useEffect, useRef } from 'react';
import { goTo, useNavigation } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import { AboutMagpie } from './about-magpie.tsx';
import { AccountSettings } from './account-settings.tsx';
import { DeviceSettings } from './device-settings.tsx';
import { GeneralSettings } from './general-settings.tsx';
import { KeyboardSettings } from './keyboard-settings.tsx';
import { NetworkSettings } from './network-settings.tsx';
import { NotificationSettings } from './notification-settings.tsx';
import { PrivacySettings } from './privacy-settings.tsx';
import styles from './settings.module.css';
import { StorageSettings } from './storage-settings.tsx';

const SECTIONS = {
  general: GeneralSettings,
  notifications: NotificationSettings,
  privacy: PrivacySettings,
  account: AccountSettings,
  devices: DeviceSettings,
  storage: StorageSettings,
  network: NetworkSettings,
  keyboard: KeyboardSettings,
  about: AboutMagpie,
} as const;

type SectionName = keyof typeof SECTIONS;
const NAMES = Object.keys(SECTIONS) as readonly SectionName[];

/** One section at a time; each change holds at once, or says why not. */
export function SettingsScreen(): ReactElement {
  const { t } = useText();
  const wanted = useNavigation((state) => state.section);
  const name = NAMES.find((each) => each === wanted) ?? 'general';
  const Section = SECTIONS[name];
  const content = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another section begins at its top
  useEffect(() => {
    content.current?.scrollTo({ top: 0 });
  }, [name]);
  return (
    <div className={styles.screen}>
      <div className={styles.index}>
        <h1 className={styles.title}>{t('settings.title')}</h1>
        <ul className={styles.names} aria-label={t('settings.sections')}>
          {NAMES.map((each) => (
            <li key={each}>
              <button
                type="button"
                className={styles.name}
                aria-current={each === name ? 'true' : undefined}
                onClick={() => goTo({ section: each })}
              >
                {t(`settings.${each}`)}
              </button>
            </li>
          ))}
        </ul>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section ref={content} className={styles.content} tabIndex={0} aria-label={t(`settings.${name}`)}>
        <div className={styles.page}>
          <h2>{t(`settings.${name}`)}</h2>
          <Section />
        </div>
      </section>
    </div>
  );
}
