import { Tooltip } from '@base-ui/react/tooltip';
import { type ReactElement, type ReactNode, useId } from 'react';
import styles from './tooltip.module.css';

/** A sentence that explains something; the thing itself must be focusable, so that keyboards reach it too. */
export function Explained({
  tip,
  children,
}: {
  readonly tip: ReactNode;
  readonly children: ReactElement;
}): ReactElement {
  const description = useId();
  return (
    <Tooltip.Root>
      <Tooltip.Trigger aria-describedby={description} render={children} />
      {/* For those who hear the page: always there, and part of what it explains. */}
      <span id={description} hidden>
        {tip}
      </span>
      <Tooltip.Portal>
        <Tooltip.Positioner sideOffset={6}>
          <Tooltip.Popup className={styles.popup} aria-hidden="true">
            {tip}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
