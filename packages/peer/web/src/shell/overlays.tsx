import type { ReactElement } from 'react';
import { Dialog } from '../design/dialog.tsx';
import { useText } from '../text/text.tsx';
import { KeyList } from './key-list.tsx';
import { showOverlay, useOverlay } from './overlay.ts';
import { Switcher } from './switcher.tsx';

const close = () => showOverlay('none');

export function Overlays(): ReactElement {
  const { t } = useText();
  const name = useOverlay((overlay) => overlay.name);
  return (
    <>
      <Dialog open={name === 'switcher'} title={t('shell.switcher.title')} onClose={close}>
        <Switcher onClose={close} />
      </Dialog>
      <Dialog open={name === 'keys'} title={t('shell.keys.title')} onClose={close}>
        <KeyList />
      </Dialog>
    </>
  );
}
