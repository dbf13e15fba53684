import {
  Component,
  type ComponentType,
  type ReactElement,
  type ReactNode,
  Suspense,
  use,
  useEffect,
  useRef,
} from 'react';
import { lookForRenewal, useRenewal } from '../connection/renewal.ts';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import styles from './late-part.module.css';
import { ReloadButton } from './reload-button.tsx';

/** It could not be fetched: the daemon is away, or has another page by now. */
export class PartMissing extends Error {}

/** What failed is not asked for again by itself: each of these forgets one failure. */
const forgetFailures = new Set<() => void>();

/** A part of the page that is fetched when it is first shown, or ahead of that. */
export class LatePart<P extends object> {
  readonly #load: () => Promise<ComponentType<P>>;
  #loading: Promise<ComponentType<P>> | undefined;

  constructor(load: () => Promise<ComponentType<P>>) {
    this.#load = load;
  }

  fetch(): Promise<ComponentType<P>> {
    this.#loading ??= this.#load().catch(async (cause: unknown) => {
      await lookForRenewal();
      forgetFailures.add(this.#forget);
      throw new PartMissing('a part of the page could not be loaded', { cause });
    });
    return this.#loading;
  }

  readonly #forget = (): void => {
    this.#loading = undefined;
    forgetFailures.delete(this.#forget);
  };
}

export function Late<P extends object>({ part, ...props }: { readonly part: LatePart<P> } & P): ReactElement {
  const Part = use(part.fetch());
  return <Part {...(props as unknown as P)} />;
}

/** They are asked for again when they are next shown. */
export function forgetMissingParts(): void {
  for (const forget of [...forgetFailures]) forget();
}

/** Around late parts: what comes is waited for, and what does not come is said in its place, while the rest stays. */
export function LatePlace({
  fallback,
  children,
}: {
  readonly fallback?: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <MissingBoundary>
      <Suspense fallback={fallback}>{children}</Suspense>
    </MissingBoundary>
  );
}

class MissingBoundary extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error };
  }

  override readonly state: { readonly error: unknown } = { error: undefined };

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    // A fault of another kind is for those further out.
    if (!(error instanceof PartMissing)) throw error;
    return <Missing onRetry={this.#retry} />;
  }

  readonly #retry = (): void => {
    forgetMissingParts();
    this.setState({ error: undefined });
  };
}

function Missing({ onRetry }: { readonly onRetry: () => void }): ReactElement {
  const { t } = useText();
  const isRenewed = useRenewal((renewal) => renewal.isRenewed);
  const isOpen = useView((state) => state.daemon.state === 'open');
  const wasAway = useRef(!isOpen);
  useEffect(() => {
    if (isOpen && wasAway.current) onRetry();
    wasAway.current = !isOpen;
  }, [isOpen, onRetry]);
  return (
    <div className={styles.missing}>
      <p role="status">{t(isRenewed ? 'shell.part.renewed' : isOpen ? 'shell.part.failed' : 'shell.part.away')}</p>
      {isRenewed ? <ReloadButton /> : <Button onClick={onRetry}>{t('shell.try-again')}</Button>}
    </div>
  );
}
