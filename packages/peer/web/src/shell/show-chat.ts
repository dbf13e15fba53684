import type { ViewModel } from '@magpie/common/view/view-model.ts';
import { goTo } from './navigation.ts';

/** From wherever one is. @param at a row to bring into view */
export function showChat(view: ViewModel, chat: string, at?: string): void {
  view.openChat(chat, at);
  goTo({ screen: 'none' });
}
