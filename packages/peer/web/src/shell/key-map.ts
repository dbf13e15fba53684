/** What the keys do, in the order of the help; `keys` as people read them. */
export const KEY_MAP = [
  { does: 'switcher', keys: ['Ctrl+K'] },
  { does: 'chat', keys: ['Alt+↑', 'Alt+↓'] },
  { does: 'unread-chat', keys: ['Alt+Shift+↑', 'Alt+Shift+↓'] },
  { does: 'find', keys: ['Ctrl+F'] },
  { does: 'search', keys: ['Ctrl+Shift+F'] },
  { does: 'end', keys: ['Ctrl+End'] },
  { does: 'unread', keys: ['Shift+PgUp'] },
  { does: 'scroll', keys: ['PgUp', 'PgDn'] },
  { does: 'edit', keys: ['↑'] },
  { does: 'panel', keys: ['Ctrl+.'] },
  { does: 'region', keys: ['Ctrl+F6'] },
  { does: 'escape', keys: ['Esc'] },
  { does: 'help', keys: ['Ctrl+/', '?'] },
] as const;

/** Apple's keyboards have other words on the same keys. */
export function keyWords(keys: string, isApple: boolean): string {
  return isApple
    ? keys.replace('Ctrl+F6', '⌃F6').replace('Ctrl+', '⌘').replace('Alt+', '⌥').replace('Shift+', '⇧')
    : keys;
}
