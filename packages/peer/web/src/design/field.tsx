import { type ComponentPropsWithRef, type ReactElement, type ReactNode, useId } from 'react';
import styles from './field.module.css';

export interface FieldProps extends ComponentPropsWithRef<'input'> {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What is wrong with the value and what to do; told at once to screen readers. */
  readonly error?: ReactNode;
}

/** One line of text with a label that is always there. */
export function Field({ label, hint, error, id, ...rest }: FieldProps): ReactElement {
  const made = useId();
  const control = id ?? made;
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={control}>
        {label}
      </label>
      <input
        id={control}
        className={styles.control}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${control}-note` : undefined}
        {...rest}
      />
      {(error || hint) && (
        <div id={`${control}-note`} className={error ? styles.error : styles.hint} role={error ? 'alert' : undefined}>
          {error ?? hint}
        </div>
      )}
    </div>
  );
}
