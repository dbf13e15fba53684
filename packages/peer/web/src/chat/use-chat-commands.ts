import { type RefObject, useEffect, useState } from 'react';
import { type ChatCommand, onChatCommand } from '../shell/commands.ts';
import { goTo, useNavigation } from '../shell/navigation.ts';
import type { ComposerHandle } from './composer.tsx';
import type { LogHandle } from './message-log.tsx';

/** How long the shake lasts, or the edge shows where motion is not wanted. */
const SHAKE_MS = 900;

/** Does what the shell's keys and happenings ask of the open conversation. @returns whether it is being shaken */
export function useChatCommands({
  chat,
  log,
  composer,
  onFiles,
}: {
  readonly chat: string;
  readonly log: RefObject<LogHandle | null>;
  readonly composer: RefObject<ComposerHandle | null>;
  readonly onFiles: () => void;
}): boolean {
  const [shakenAt, setShakenAt] = useState(0);
  useEffect(() => {
    const obey = (command: ChatCommand): boolean => {
      switch (command.type) {
        case 'focus-composer':
          composer.current?.focus();
          return composer.current !== null;
        case 'focus-log':
          log.current?.focus();
          return log.current !== null;
        case 'find':
          goTo({ panel: 'find' });
          return true;
        case 'jump-to-end':
          log.current?.toEnd();
          return log.current !== null;
        case 'jump-to-unread':
          return log.current?.toUnread() ?? false;
        case 'escape':
          return leaveSomething(composer.current);
        case 'files':
          onFiles();
          return true;
        case 'shake':
          if (command.chat !== chat) return false;
          setShakenAt((count) => count + 1);
          return true;
      }
    };
    return onChatCommand(obey);
  }, [chat, log, composer, onFiles]);
  useEffect(() => {
    if (shakenAt === 0) return;
    const timer = setTimeout(() => setShakenAt(0), SHAKE_MS);
    return () => clearTimeout(timer);
  }, [shakenAt]);
  return shakenAt > 0;
}

function leaveSomething(composer: ComposerHandle | null): boolean {
  if (composer?.leave()) return true;
  if (useNavigation.getState().panel !== 'find') return false;
  goTo({ panel: 'none' });
  composer?.focus();
  return true;
}
