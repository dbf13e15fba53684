import type { PageKey } from '@magpie/common/i18n/page-translator.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { Locator, Page } from 'playwright-core';
import { en, type Words } from './words.ts';

/** Somebody in the list on the left: in chats or friends. */
export function personRow(page: Page, name: string): Locator {
  return page.getByRole('navigation').getByRole('listitem').filter({ hasText: name }).first();
}

export function composer(page: Page): Locator {
  return page.getByRole('main').locator('textarea');
}

/** Every row of the conversation that is a message, a nudge or a system line. */
export function rows(page: Page): Locator {
  return page.locator('main ol [data-row]');
}

/** The newest row that holds a text. */
export function rowWith(page: Page, text: string | RegExp): Locator {
  return rows(page).filter({ hasText: text }).last();
}

/** Until an own message is shown in a state, in the words for it. */
export async function shownAs(page: Page, text: string, state: MessageJson['state'], words: Words = en): Promise<void> {
  const row = rowWith(page, text);
  await row.and(page.locator(`[data-state="${state}"]`)).waitFor();
  await row
    .getByText(words(`chat.state.${state}`))
    .first()
    .waitFor({ state: 'attached' });
}

export async function openChatWith(page: Page, name: string): Promise<void> {
  await personRow(page, name).getByRole('button').first().click();
  await composer(page).waitFor();
}

/** Types it and presses the key that sends. */
export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

/** What can be done with a row, by its menu. */
export async function choose(page: Page, text: string, key: PageKey): Promise<void> {
  await rowWith(page, text).locator('[data-bubble]').click({ button: 'right' });
  await page.getByRole('menuitem', { name: en(key), exact: true }).click();
}

export async function press(page: Page, key: PageKey): Promise<void> {
  await page
    .getByRole('button', { name: en(key), exact: true })
    .first()
    .click();
}

export async function showList(page: Page, list: 'chats' | 'friends' | 'requests', words: Words = en): Promise<void> {
  await page.getByRole('tab', { name: new RegExp(`^${words(`people.tab.${list}`)}`) }).click();
}

export async function showNotices(page: Page, words: Words = en): Promise<void> {
  await page.getByRole('button', { name: words('people.notices'), exact: true }).click();
}
