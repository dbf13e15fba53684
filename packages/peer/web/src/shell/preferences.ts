import type { Language } from '@magpie/common/i18n/translator.ts';
import { create } from 'zustand';

/** What belongs to this browser on this machine, not to the account. `public/first-paint.js` reads the first two as well. */
export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  readonly language: Language | 'system';
  readonly sendWith: 'enter' | 'ctrl-enter';
  readonly notifications: 'off' | 'nothing' | 'name' | 'text';
  readonly sound: boolean;
  /** Single letters do something outside text fields (WCAG 2.1.4). */
  readonly letterKeys: boolean;
  /** Names of friend groups that are folded. */
  readonly foldedGroups: readonly string[];
}

const KEY = 'magpie.preferences';
const DEFAULTS: Preferences = {
  theme: 'system',
  language: 'system',
  sendWith: 'enter',
  notifications: 'off',
  sound: true,
  letterKeys: true,
  foldedGroups: [],
};

const CHOICES: { readonly [K in keyof Preferences]?: readonly unknown[] } = {
  theme: ['system', 'light', 'dark'],
  language: ['system', 'en', 'zh-CN'],
  sendWith: ['enter', 'ctrl-enter'],
  notifications: ['off', 'nothing', 'name', 'text'],
};

export const usePreferences = create<Preferences>(() => ({ ...DEFAULTS, ...read() }));

export function setPreferences(patch: Partial<Preferences>): void {
  usePreferences.setState(patch);
  try {
    localStorage.setItem(KEY, JSON.stringify(usePreferences.getState()));
  } catch {
    // Storage is full or forbidden: the choice holds until the page is closed.
  }
}

/** @param browser the language that the browser likes best, a BCP 47 tag; `public/first-paint.js` has the same rule */
export function wishedLanguage(wished = usePreferences.getState().language, browser = navigator.language): Language {
  if (wished !== 'system') return wished;
  return /^zh/i.test(browser) ? 'zh-CN' : 'en';
}

// What is chosen in one tab holds in all of this browser.
globalThis.addEventListener?.('storage', ({ key }: StorageEvent) => {
  if (key === KEY || key === null) usePreferences.setState({ ...DEFAULTS, ...read() });
});

function read(): Partial<Preferences> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return {};
    const known = Object.entries(kept).filter(([name, value]) => isFit(name as keyof Preferences, value));
    return Object.fromEntries(known);
  } catch {
    return {};
  }
}

function isFit(name: keyof Preferences, value: unknown): boolean {
  if (!Object.hasOwn(DEFAULTS, name)) return false;
  if (name === 'foldedGroups') return Array.isArray(value) && value.every((each) => typeof each === 'string');
  return CHOICES[name]?.includes(value) ?? typeof value === typeof DEFAULTS[name];
}
