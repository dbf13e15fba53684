import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { CheckCheck, EllipsisVertical, Info, Search, Trash2, Vibrate, X } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useViewModel } from '../connection/view.tsx';
import { Button, IconButton } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { Menu, MenuItem, MenuSeparator } from '../design/menu.tsx';
import { goTo } from '../shell/navigation.ts';
import { showFailure } from '../shell/toast-list.ts';
import { useText } from '../text/text.tsx';

/** What else one can do with a conversation. */
export function ChatMenu({
  chat,
  contact,
  name,
  onNudge,
}: {
  readonly chat: string;
  readonly contact: ContactJson | undefined;
  readonly name: string;
  readonly onNudge: () => void;
}): ReactElement {
  const text = useText();
  const { t } = text;
  const view = useViewModel();
  const [asks, setAsks] = useState(false);
  // All of them, however few are shown.
  const markAll = async () => {
    const result = await view.call('message.markRead', { chat });
    if (!result.ok) showFailure(`read ${chat}`, result.error, text);
  };
  return (
    <>
      <Menu
        trigger={
          <IconButton label={t('chat.menu')}>
            <EllipsisVertical size={18} aria-hidden="true" />
          </IconButton>
        }
      >
        <MenuItem icon={<Info size={16} />} onSelect={() => goTo({ panel: 'about' })}>
          {t('chat.about')}
        </MenuItem>
        <MenuItem icon={<Search size={16} />} onSelect={() => goTo({ panel: 'find' })}>
          {t('chat.find')}
        </MenuItem>
        <MenuItem icon={<Search size={16} />} onSelect={() => goTo({ screen: 'search', query: '' })}>
          {t('chat.find-all')}
        </MenuItem>
        {contact?.state === 'member' && (
          <MenuItem icon={<Vibrate size={16} />} onSelect={onNudge}>
            {t('chat.nudge')}
          </MenuItem>
        )}
        <MenuItem
          icon={<CheckCheck size={16} />}
          disabled={(contact?.unread ?? 0) === 0}
          onSelect={() => void markAll()}
        >
          {t('chat.mark-read')}
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={<X size={16} />} onSelect={() => view.closeChat()}>
          {t('chat.close')}
        </MenuItem>
        <MenuItem icon={<Trash2 size={16} />} danger onSelect={() => setAsks(true)}>
          {t('chat.delete-all')}
        </MenuItem>
      </Menu>
      <DeleteHistory chat={chat} name={name} open={asks} onClose={() => setAsks(false)} />
    </>
  );
}

function DeleteHistory({
  chat,
  name,
  open,
  onClose,
}: {
  readonly chat: string;
  readonly name: string;
  readonly open: boolean;
  readonly onClose: () => void;
}): ReactElement {
  const { t, errorText } = useText();
  const view = useViewModel();
  const action = useAction();
  const remove = async () => {
    if (!(await action.run('message.delete', { chat }))) return;
    onClose();
    view.closeChat();
  };
  return (
    <Dialog open={open} title={t('chat.delete-all-title', { who: name })} onClose={onClose}>
      <p>{t('chat.delete-all-means')}</p>
      {action.error && <p role="alert">{errorText(action.error)}</p>}
      <DialogActions>
        <Button onClick={onClose}>{t('chat.cancel')}</Button>
        <Button look="danger" disabled={action.busy} onClick={() => void remove()}>
          {t('chat.delete-all')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
