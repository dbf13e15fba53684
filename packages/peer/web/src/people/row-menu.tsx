import { ContextMenu } from '@base-ui/react/context-menu';
import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { Ban, FolderInput, MessageSquare, PencilLine, Trash2, UserRound, UserX } from 'lucide-react';
import { type MouseEvent, type ReactElement, type ReactNode, useState } from 'react';
import { useView, useViewModel } from '../connection/view.tsx';
import menuStyles from '../design/menu.module.css';
import { MenuItem, MenuPortal, MenuSeparator } from '../design/menu.tsx';
import { goTo } from '../shell/navigation.ts';
import { showFailure } from '../shell/toast-list.ts';
import { useText } from '../text/text.tsx';
import type { Asked } from './contact-dialog.tsx';
import styles from './friend-window.module.css';

const ICON = 16;

/**
 * The menu of the rows within: right button, context menu key or a long press. All that is in it stands in the panel
 * about the person as well.
 */
export function RowMenu({
  onOpen,
  ask,
  children,
}: {
  readonly onOpen: (id: string) => void;
  readonly ask: (asked: Asked) => void;
  readonly children: ReactNode;
}): ReactElement {
  const [id, setId] = useState<string>();
  const contacts = useView((state) => state.contacts);
  const contact = id === undefined ? undefined : contacts.get(id);
  const aim = (event: MouseEvent & { preventBaseUIHandler?: () => void }) => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null;
    const aimed = row?.dataset.row;
    if (aimed !== undefined && contacts.has(aimed)) setId(aimed);
    else event.preventBaseUIHandler?.();
  };
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger className={styles.fill} onContextMenu={aim}>
        {children}
      </ContextMenu.Trigger>
      <MenuPortal>
        <ContextMenu.Positioner>
          <ContextMenu.Popup className={menuStyles.popup}>
            {contact && <Items contact={contact} onOpen={onOpen} ask={ask} />}
          </ContextMenu.Popup>
        </ContextMenu.Positioner>
      </MenuPortal>
    </ContextMenu.Root>
  );
}

function Items({
  contact,
  onOpen,
  ask,
}: {
  readonly contact: ContactJson;
  readonly onOpen: (id: string) => void;
  readonly ask: (asked: Asked) => void;
}): ReactElement {
  const text = useText();
  const { t } = text;
  const view = useViewModel();
  const { id, state } = contact;
  const isFriend = state === 'member';
  const unblock = async () => {
    const result = await view.call('contact.unblock', { who: id });
    if (!result.ok) showFailure(`unblock ${id}`, result.error, text);
  };
  return (
    <>
      <MenuItem icon={<MessageSquare size={ICON} aria-hidden="true" />} onSelect={() => onOpen(id)}>
        {t('people.menu.open')}
      </MenuItem>
      <MenuItem
        icon={<UserRound size={ICON} aria-hidden="true" />}
        onSelect={() => {
          onOpen(id);
          goTo({ panel: 'about' });
        }}
      >
        {t('people.menu.about')}
      </MenuItem>
      {isFriend && (
        <>
          <MenuItem icon={<PencilLine size={ICON} aria-hidden="true" />} onSelect={() => ask({ what: 'remark', id })}>
            {t('people.menu.remark')}
          </MenuItem>
          <MenuItem icon={<FolderInput size={ICON} aria-hidden="true" />} onSelect={() => ask({ what: 'group', id })}>
            {t('people.menu.group')}
          </MenuItem>
        </>
      )}
      <MenuSeparator />
      <MenuItem icon={<Trash2 size={ICON} aria-hidden="true" />} onSelect={() => ask({ what: 'history', id })}>
        {t('people.menu.history')}
      </MenuItem>
      {state === 'blocked' ? (
        <MenuItem icon={<Ban size={ICON} aria-hidden="true" />} onSelect={() => void unblock()}>
          {t('people.unblock')}
        </MenuItem>
      ) : (
        <MenuItem danger icon={<Ban size={ICON} aria-hidden="true" />} onSelect={() => ask({ what: 'block', id })}>
          {t('people.menu.block')}
        </MenuItem>
      )}
      {isFriend && (
        <MenuItem danger icon={<UserX size={ICON} aria-hidden="true" />} onSelect={() => ask({ what: 'remove', id })}>
          {t('people.menu.remove')}
        </MenuItem>
      )}
    </>
  );
}
