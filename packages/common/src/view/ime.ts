/**
 * True while an input method composes: Enter, Escape, Tab and arrows then belong to it. 229 is what browsers that end a
 * composition before its last key give as key code.
 */
export function isImeEvent({
  isComposing,
  keyCode,
}: {
  readonly isComposing: boolean;
  readonly keyCode: number;
}): boolean {
  return isComposing || keyCode === 229;
}
