import { Tooltip } from '@base-ui/react/tooltip';
import type { ComponentPropsWithRef, ReactElement, ReactNode } from 'react';
import styles from './button.module.css';
import tooltipStyles from './tooltip.module.css';

export interface ButtonProps extends ComponentPropsWithRef<'button'> {
  readonly look?: 'primary' | 'plain' | 'quiet' | 'danger';
}

export function Button({ look = 'plain', className, type = 'button', ...rest }: ButtonProps): ReactElement {
  return (
    <button type={type} className={[styles.button, styles[look], className].filter(Boolean).join(' ')} {...rest} />
  );
}

export interface IconButtonProps extends ComponentPropsWithRef<'button'> {
  /** Its name, for everybody: screen readers read it, and it shows on hover and focus. */
  readonly label: string;
  readonly children: ReactNode;
}

/** A button that shows only an icon. Works as the `render` of menus and popovers. */
export function IconButton({ label, className, type = 'button', children, ...rest }: IconButtonProps): ReactElement {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger
        render={
          <button
            type={type}
            aria-label={label}
            className={[styles.button, styles.icon, className].filter(Boolean).join(' ')}
            {...rest}
          >
            {children}
          </button>
        }
      />
      <Tooltip.Portal>
        <Tooltip.Positioner sideOffset={6}>
          <Tooltip.Popup className={tooltipStyles.popup} aria-hidden="true">
            {label}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
