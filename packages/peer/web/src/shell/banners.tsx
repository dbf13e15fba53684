import { CloudOff, KeyRound, LifeBuoy, LogIn, Megaphone, Moon, PlugZap, RotateCw, ShieldAlert } from 'lucide-react';
import { type ReactElement, useEffect, useState } from 'react';
import { openingCommand } from '../connection/profile-folder.ts';
import { useRenewal } from '../connection/renewal.ts';
import { useAction } from '../connection/use-action.ts';
import { useView, useViewModel } from '../connection/view.tsx';
import { Banner } from '../design/banner.tsx';
import { Button } from '../design/button.tsx';
import { displayNameOf } from '../people/names.ts';
import { Failure } from '../text/failure.tsx';
import { type Text, useText } from '../text/text.tsx';
import { type BannerItem, bannersOf } from './banner-list.ts';
import { goTo } from './navigation.ts';
import { ReloadButton } from './reload-button.tsx';
import { showChat } from './show-chat.ts';

/** What mends itself within this time is not worth a line. */
const PATIENCE_MS = 1_200;

/** News and trouble above everything: what happened, what is safe, what to do. */
export function Banners(): ReactElement {
  const daemon = useView((state) => state.daemon);
  const status = useView((state) => state.status);
  const contacts = useView((state) => state.contacts);
  const notices = useView((state) => state.notices);
  const isRenewed = useRenewal((renewal) => renewal.isRenewed);
  return (
    <>
      {isRenewed && <Renewed />}
      {bannersOf({ daemon, status, contacts, notices }).map((item) => (
        <One key={item.kind} item={item} />
      ))}
    </>
  );
}

function One({ item }: { readonly item: BannerItem }): ReactElement | null {
  switch (item.kind) {
    case 'daemon-lost':
      return <Patient>{<DaemonLost />}</Patient>;
    case 'server-connecting':
      return (
        <Patient>{<Plain words="shell.banner.connecting" icon={<PlugZap size={18} aria-hidden="true" />} />}</Patient>
      );
    case 'server-lost':
      return <Patient>{<ServerLost because={item.because} retryAt={item.retryAt} />}</Patient>;
    case 'server-stopped':
    case 'signed-out':
      if (item.because === 'account-deleted') return <Deleted />;
      return <SignedOut kind={item.kind} because={item.because} />;
    case 'offline':
      return <Offline />;
    case 'recovery-unseen':
      return <RecoveryUnseen />;
    case 'key-changed':
      return <KeyChanged contact={item.contact} others={item.others} />;
    case 'notice':
      return <Notice notice={item.notice} others={item.others} />;
  }
}

/** Not while the daemon is away: without it there would be no page at all. */
function Renewed(): ReactElement | null {
  const { t } = useText();
  const isOpen = useView((state) => state.daemon.state === 'open');
  if (!isOpen) return null;
  return (
    <Banner look="news" icon={<RotateCw size={18} aria-hidden="true" />} actions={<ReloadButton />}>
      <strong>{t('shell.banner.renewed')}</strong> {t('shell.banner.renewed.safe')}
    </Banner>
  );
}

function Patient({ children }: { readonly children: ReactElement }): ReactElement | null {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isLong ? children : null;
}

function Plain({
  words,
  icon,
}: {
  readonly words: Parameters<Text['t']>[0];
  readonly icon: ReactElement;
}): ReactElement {
  const { t } = useText();
  return (
    <Banner look="news" icon={icon}>
      {t(words)}
    </Banner>
  );
}

/** When waiting alone has not helped, the command that does. */
const COMMAND_AFTER_MS = 12_000;

function DaemonLost(): ReactElement {
  const { t } = useText();
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), COMMAND_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Banner look="warn" icon={<PlugZap size={18} aria-hidden="true" />}>
      <strong>{t('shell.banner.daemon-lost')}</strong> {t('shell.banner.daemon-lost.safe')}{' '}
      {isLong && (
        <>
          {t('shell.banner.daemon-lost.do')} <code>{openingCommand('daemon start')}</code>
        </>
      )}
    </Banner>
  );
}

function ServerLost({
  because,
  retryAt,
}: {
  readonly because: string | null;
  readonly retryAt: string | null;
}): ReactElement {
  const text = useText();
  const { t } = text;
  const cause = because === null ? '' : causeOf(because, text);
  return (
    <Banner look="warn" icon={<CloudOff size={18} aria-hidden="true" />}>
      <strong>{t(cause ? 'shell.banner.server-lost.because' : 'shell.banner.server-lost', { cause })}</strong>{' '}
      {t('shell.banner.server-lost.safe')} {retryAt !== null && <Retry at={retryAt} />}
    </Banner>
  );
}

/** Counts down for the eye alone: a live region would read every number out. */
function Retry({ at }: { readonly at: string }): ReactElement {
  const { t } = useText();
  const [seconds, setSeconds] = useState(() => secondsUntil(at));
  useEffect(() => {
    setSeconds(secondsUntil(at));
    const timer = setInterval(() => setSeconds(secondsUntil(at)), 1_000);
    return () => clearInterval(timer);
  }, [at]);
  return (
    <>
      <span className="visually-hidden">{t('shell.banner.retry.soon')}</span>
      <span aria-hidden="true">
        {seconds > 0 ? t('shell.banner.retry', { count: seconds }) : t('shell.banner.retry.now')}
      </span>
    </>
  );
}

function secondsUntil(at: string): number {
  return Math.max(0, Math.ceil((Date.parse(at) - Date.now()) / 1_000));
}

function SignedOut({
  kind,
  because,
}: {
  readonly kind: 'signed-out' | 'server-stopped';
  readonly because: string | null;
}): ReactElement {
  const text = useText();
  const { t } = text;
  const cause = because === null ? '' : causeOf(because, text);
  const logIn = (
    <Button look="primary" onClick={() => goTo({ screen: 'sign-in' })}>
      <LogIn size={16} aria-hidden="true" />
      {t('shell.banner.log-in')}
    </Button>
  );
  return (
    <Banner look="danger" icon={<ShieldAlert size={18} aria-hidden="true" />} actions={logIn}>
      <strong>{t(`shell.banner.${kind}`)}</strong> {cause && t('shell.banner.cause', { cause })}{' '}
      {t('shell.banner.signed-out.safe')}
    </Banner>
  );
}

/** There is nothing to log in to any more; a profile belongs to one account. */
function Deleted(): ReactElement {
  const { t } = useText();
  return (
    <Banner look="danger" icon={<ShieldAlert size={18} aria-hidden="true" />}>
      <strong>{t('shell.banner.deleted')}</strong> {t('shell.banner.signed-out.safe')} {t('shell.banner.deleted.do')}{' '}
      <code>{openingCommand('ui', 'new')}</code>
    </Banner>
  );
}

function Offline(): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const goOnline = (
    <Button disabled={busy} onClick={() => void run('presence.set', { presence: 'online' })}>
      {t('shell.banner.go-online')}
    </Button>
  );
  return (
    <Banner look="news" icon={<Moon size={18} aria-hidden="true" />} actions={goOnline}>
      {t('shell.banner.offline')}
      <Failure error={error} />
    </Banner>
  );
}

function RecoveryUnseen(): ReactElement {
  const { t } = useText();
  const open = (
    <Button onClick={() => goTo({ screen: 'settings', section: 'devices', panel: 'none' })}>
      {t('shell.banner.recovery.do')}
    </Button>
  );
  return (
    <Banner look="warn" icon={<LifeBuoy size={18} aria-hidden="true" />} actions={open}>
      <strong>{t('shell.banner.recovery')}</strong> {t('shell.banner.recovery.why')}
    </Banner>
  );
}

function KeyChanged({ contact, others }: Omit<Extract<BannerItem, { kind: 'key-changed' }>, 'kind'>): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const who = displayNameOf(contact);
  const look = (
    <Button
      onClick={() => {
        showChat(view, contact.id);
        goTo({ panel: 'about' });
      }}
    >
      {t('shell.banner.key-changed.do')}
    </Button>
  );
  return (
    <Banner look="danger" icon={<KeyRound size={18} aria-hidden="true" />} actions={look}>
      <strong>{t(contact.listBroken ? 'shell.banner.list-broken' : 'shell.banner.key-changed', { who })}</strong>{' '}
      {t('shell.banner.key-changed.safe')} {others > 0 && t('shell.banner.key-changed.others', { count: others })}
    </Banner>
  );
}

function Notice({ notice, others }: Omit<Extract<BannerItem, { kind: 'notice' }>, 'kind'>): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const actions = (
    <>
      <Button look="quiet" onClick={() => goTo({ screen: 'notices', panel: 'none' })}>
        {others > 0 ? t('shell.banner.notice.more', { count: others }) : t('shell.banner.notice.details')}
      </Button>
      <Button disabled={busy} onClick={() => void run('notice.dismiss', { id: notice.id })}>
        {t('shell.banner.notice.dismiss')}
      </Button>
    </>
  );
  return (
    <Banner look="news" icon={<Megaphone size={18} aria-hidden="true" />} actions={actions}>
      <strong>{t('shell.banner.notice')}</strong> {firstLine(notice.text)}
      <Failure error={error} />
    </Banner>
  );
}

/** A banner is a line or two; the whole text stands in the history. */
const NOTICE_CHARS_MAX = 200;

function firstLine(text: string): string {
  const characters = [...text.replace(/\s+/g, ' ').trim()];
  return characters.length > NOTICE_CHARS_MAX
    ? `${characters.slice(0, NOTICE_CHARS_MAX).join('')}…`
    : characters.join('');
}

/** The link's last error in words, whichever list holds it, without the name that programmers know it by. */
function causeOf(code: string, { t, has }: Text): string {
  const key = [`link-error.${code}`, `refusal.${code}`, `error.${code}`].find(has);
  return key === undefined ? '' : t(key as Parameters<Text['t']>[0]).replace(/^[A-Z_]+[,，]\s*|[.。]$/g, '');
}
