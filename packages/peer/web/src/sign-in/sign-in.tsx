import { type ReactElement, useEffect, useState } from 'react';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { goTo } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import { Frame } from './frame.tsx';
import { LogInForm } from './log-in-form.tsx';
import { NewDevice } from './new-device.tsx';
import { RecoverForm } from './recover-form.tsx';
import { RecoveryCode } from './recovery-code.tsx';
import { RegisterForm } from './register-form.tsx';
import styles from './sign-in.module.css';
import { UnderWay } from './under-way.tsx';
import { UnknownKey } from './unknown-key.tsx';
import { useSignIn } from './use-sign-in.ts';

type FormName = 'register' | 'log-in' | 'recover';

/** From nobody to somebody: an account made or entered, by one's own device, step by step. */
export function SignIn(): ReactElement {
  const account = useView((state) => state.account);
  const [form, setForm] = useState<FormName>(account ? 'log-in' : 'register');
  const flow = useSignIn();
  const { state } = flow;

  useEffect(() => {
    if (state.name === 'done') goTo({ screen: 'none', list: 'chats', panel: 'none' });
  }, [state.name]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus is looked after at each step
  useEffect(focusStep, [state.name, form]);

  switch (state.name) {
    case 'recovery-code':
      return <RecoveryCode code={state.code} onKept={flow.finish} />;
    case 'done':
      return <Frame title="" />;
    case 'asking':
    case 'unknown-key':
    case 'new-device':
    case 'under-way':
      break;
  }
  const error = state.name === 'asking' ? state.error : undefined;
  // What went wrong with one form says nothing about another.
  const change = (next: FormName) => {
    setForm(next);
    flow.back();
  };
  // The forms stay while the daemon works or asks, so that nothing needs to be typed twice.
  return (
    <>
      {state.name === 'under-way' && <UnderWay state={state} onCancel={flow.cancel} />}
      {state.name === 'unknown-key' && (
        <UnknownKey server={state.server} pin={state.pin} onAccept={flow.acceptKey} onBack={flow.back} />
      )}
      {state.name === 'new-device' && (
        <NewDevice
          attempt={state.attempt}
          tried={state.tried}
          error={state.error}
          onStart={flow.start}
          onBack={flow.back}
        />
      )}
      <div hidden={state.name !== 'asking'} className={styles.keep}>
        {form === 'register' && (
          <RegisterForm error={error} onStart={flow.start} other={<Others form={form} go={change} />} />
        )}
        {form === 'log-in' && (
          <LogInForm error={error} onStart={flow.start} other={<Others form={form} go={change} />} />
        )}
        {form === 'recover' && (
          <RecoverForm error={error} onStart={flow.start} other={<Others form={form} go={change} />} />
        )}
      </div>
    </>
  );
}

/** A step that vanished took the focus with it: what is to be done next gets it. */
function focusStep(): void {
  if (document.activeElement !== null && document.activeElement !== document.body) return;
  const step = [...document.querySelectorAll('main')].find((main) => main.offsetParent !== null);
  const field = step?.querySelector<HTMLElement>('input:not([readonly]):not([type="checkbox"])');
  (field ?? step?.querySelector<HTMLElement>('h1'))?.focus();
}

function Others({ form, go }: { readonly form: FormName; readonly go: (form: FormName) => void }): ReactElement {
  const { t } = useText();
  const account = useView((state) => state.account);
  return (
    <div className={styles.others}>
      {form === 'register' && (
        <Button look="quiet" onClick={() => go('log-in')}>
          {t('sign-in.to-log-in')}
        </Button>
      )}
      {form !== 'register' && !account && (
        <Button look="quiet" onClick={() => go('register')}>
          {t('sign-in.to-register')}
        </Button>
      )}
      {form === 'log-in' && (
        <Button look="quiet" onClick={() => go('recover')}>
          {t('sign-in.to-recover')}
        </Button>
      )}
      {form === 'recover' && (
        <Button look="quiet" onClick={() => go('log-in')}>
          {t('sign-in.to-log-in')}
        </Button>
      )}
      {account && (
        <Button look="quiet" onClick={() => goTo({ screen: 'none' })}>
          {t('sign-in.later')}
        </Button>
      )}
    </div>
  );
}
