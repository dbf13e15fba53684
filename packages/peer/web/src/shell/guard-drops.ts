/**
 * What is dropped beside a text field would take the place of the page, and a file even when it is dropped into one.
 * Listens for as long as the document lives, whatever it shows.
 */
export function guardDrops(): void {
  for (const type of ['dragover', 'drop'] as const) window.addEventListener(type, guard, { capture: true });
}

/** Of a drag that carries files: only in its `drop` may they be read. */
export function hasFiles(event: Pick<DragEvent, 'dataTransfer'>): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

function guard(event: DragEvent): void {
  if (!hasFiles(event) && isField(event.target)) return;
  event.preventDefault();
  // A drop of files is let in, so that somebody can say that they cannot be sent yet.
  if (event.type === 'dragover' && event.dataTransfer)
    event.dataTransfer.dropEffect = hasFiles(event) ? 'copy' : 'none';
}

function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea') !== null;
}
