import type { Locator, Page } from 'playwright-core';
import { en, type Words } from './words.ts';

/** Rows of the list on the left: chats, friends or requests. */
export function personRows(page: Page): Locator {
  return page.getByRole('navigation').getByRole('listitem');
}

export function composer(page: Page): Locator {
  return page.getByRole('main').getByRole('textbox');
}

/** Rows of the conversation that hold a text. */
export function rowsWith(page: Page, text: string | RegExp): Locator {
  return page.getByRole('main').getByRole('listitem').filter({ hasText: text });
}

export async function openChatWith(page: Page, name: string): Promise<void> {
  await personRows(page).filter({ hasText: name }).first().click();
  await composer(page).waitFor();
}

export async function showList(page: Page, list: 'chats' | 'friends' | 'requests', words: Words = en): Promise<void> {
  const label = words(`people.tab.${list}`);
  await page.getByRole('tab', { name: new RegExp(`^${label}`) }).click();
}

export async function showNotices(page: Page, words: Words = en): Promise<void> {
  await page.getByRole('button', { name: words('people.notices'), exact: true }).click();
}
