import { type ReactElement, useCallback, useEffect, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useViewModel } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { CommandLine } from '../design/command-line.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

const TICK_MS = 15_000;
const MINUTE_MS = 60_000;

interface Offer {
  readonly code: string;
  readonly endsAtMs: number;
}

type Outcome = { readonly what: 'approved' | 'wrong-code'; readonly label: string } | { readonly what: 'late' };

/** Lets one new device in, by a code to type there; tells what became of it. */
export function ApproveDevice({ onApproved }: { readonly onApproved: () => void }): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const { busy, error, run } = useAction();
  const [offer, setOffer] = useState<Offer>();
  const [outcome, setOutcome] = useState<Outcome>();

  useEffect(
    () =>
      view.onHappening((happening) => {
        if (happening.type !== 'approval') return;
        setOutcome({ what: happening.outcome, label: happening.label });
        if (happening.outcome !== 'approved') return;
        setOffer(undefined);
        onApproved();
      }),
    [view, onApproved],
  );

  const make = async () => {
    setOutcome(undefined);
    const made = await run('account.offerApproval', {});
    if (made) setOffer({ code: made.code, endsAtMs: Date.parse(made.expiresAt) });
  };
  const withdraw = async () => {
    if (offer && (await run('account.withdrawApproval', { code: offer.code }))) setOffer(undefined);
  };
  const end = useCallback(() => {
    setOffer(undefined);
    setOutcome({ what: 'late' });
  }, []);

  return (
    <div className={styles.card}>
      <h3>{t('settings.approve')}</h3>
      <p className={styles.note}>{t('settings.approve.how')}</p>
      {offer && (
        <div className={styles.code}>
          <CommandLine>{offer.code}</CommandLine>
          <TimeLeft key={offer.code} endsAtMs={offer.endsAtMs} onEnd={end} />
        </div>
      )}
      <p role="status" className={outcome?.what === 'approved' ? styles.done : styles.note}>
        {outcome && outcomeWords(outcome, t)}
      </p>
      <Failure error={error} />
      <div className={styles.row}>
        <Button look={offer ? 'plain' : 'primary'} disabled={busy} onClick={() => void make()}>
          {t(offer ? 'settings.approve.again' : 'settings.approve.make')}
        </Button>
        {offer && (
          <Button disabled={busy} onClick={() => void withdraw()}>
            {t('settings.approve.withdraw')}
          </Button>
        )}
      </div>
    </div>
  );
}

function outcomeWords(outcome: Outcome, t: ReturnType<typeof useText>['t']): string {
  if (outcome.what === 'late') return t('settings.approve.late');
  return t(`settings.approve.${outcome.what}`, { label: outcome.label || '?' });
}

/** In words and by the minute: no ticking seconds for those who listen. */
function TimeLeft({ endsAtMs, onEnd }: { readonly endsAtMs: number; readonly onEnd: () => void }): ReactElement {
  const { t } = useText();
  const [leftMs, setLeftMs] = useState(() => endsAtMs - Date.now());
  useEffect(() => {
    const look = () => setLeftMs(endsAtMs - Date.now());
    const ticking = setInterval(look, TICK_MS);
    const ending = setTimeout(onEnd, Math.max(0, endsAtMs - Date.now()));
    return () => {
      clearInterval(ticking);
      clearTimeout(ending);
    };
  }, [endsAtMs, onEnd]);
  return (
    <p className={styles.note}>
      {leftMs < MINUTE_MS
        ? t('settings.approve.soon')
        : t('settings.approve.left', { count: Math.floor(leftMs / MINUTE_MS) })}
    </p>
  );
}
