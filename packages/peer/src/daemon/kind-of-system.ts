const NAMES: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

/** What a device is called when its owner says nothing: never the host name, which tells about its owner. */
export function kindOfSystem(platform: string = process.platform): string {
  return NAMES[platform] ?? 'Unix';
}
