/**
 * Everything comes from the daemon, nothing inline, nothing made of text (R31: never loosened for a library).
 * `connect-src 'self'` holds for the WebSocket as well.
 */
export const PAGE_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "worker-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Of a browser; the page asks for none of them. */
const UNUSED_POWERS = [
  'camera',
  'display-capture',
  'geolocation',
  'hid',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
];

/** On every answer, whatever its status. No answer permits another origin anything. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': PAGE_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Apart from what other programs serve on other ports of the same number, also in the browser's processes.
  'origin-agent-cluster': '?1',
  // Some browsers ask for the number of every host that a text links to, which tells its owner when the text is read.
  'x-dns-prefetch-control': 'off',
  'permissions-policy': UNUSED_POWERS.map((power) => `${power}=()`).join(', '),
  'cache-control': 'no-store',
};

/** What a stranger has left in the browser under our address, its worker first of all, is thrown away by this. */
export const CLEAR_SITE_DATA = '"cache", "storage"';

/** Of files whose name changes with what is in them: a reload then costs one small file. */
export const HASHED_FILE_CACHING = 'private, max-age=31536000, immutable';

/** An answer written past the HTTP server, to bytes that it could not read as a request. */
export function rawRefusal(status: number, reason: string): string {
  const headers = Object.entries({ ...PAGE_HEADERS, 'content-length': '0', connection: 'close' });
  return [`HTTP/1.1 ${status} ${reason}`, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}
