/** A request as node's parser leaves it, before anybody has interpreted a header. */
export interface RawRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** Names and values in turn, doubles kept. */
  readonly rawHeaders: readonly string[];
  /** The connection is to become another protocol. */
  readonly isUpgrade: boolean;
}

export type Verdict =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'session' }
  | { readonly kind: 'rpc' }
  | { readonly kind: 'refused'; readonly status: RefusedStatus; readonly because: string; readonly allow?: string };

export type RefusedStatus = 400 | 403 | 404 | 405 | 411 | 413 | 415 | 421 | 426 | 505;

export const SESSION_PATH = '/api/session';
export const RPC_PATH = '/rpc';

/**
 * A browser looks after a worker that answers for this address in our place. We have none: a stranger who listened here
 * while the daemon was away has left it behind.
 */
export const SERVICE_WORKER = 'service-worker';

const FILE_METHODS = new Set(['GET', 'HEAD']);
/** Of a page of ours, or of an address that somebody typed. */
const FETCH_SITES = new Set(['same-origin', 'none']);
const JSON_TYPE = /^application\/json(; ?charset=utf-8)?$/i;
const WEBSOCKET_KEY = /^[A-Za-z0-9+/]{22}==$/;

/**
 * Decides about a request by its raw bytes, before any router sees it. A site on the network can make a browser send
 * requests here, also under a name of its own that leads to this machine (DNS rebinding); the one header it cannot
 * choose then is Host. So there must be exactly one, ours, letter by letter; the path must be one of the table, without
 * any decoding; and what changes something or opens a connection must say that it comes from our own page.
 * @param bodyBytesMax what a body may announce
 */
export function judgeRequest(
  request: RawRequest,
  port: number,
  isFile: (path: string) => boolean,
  bodyBytesMax: number,
): Verdict {
  const { method = '', url = '', isUpgrade } = request;
  if (request.httpVersion !== '1.1') return refused(505, 'http-version');
  const hosts = valuesOf(request, 'host');
  const host = hosts[0];
  if (hosts.length !== 1 || host === undefined || host !== ownHost(port)) return refused(421, 'host');
  if (!url.startsWith('/')) return refused(400, 'target');
  if (method === 'OPTIONS') return refused(403, 'options');
  const mustShowOrigin = isUpgrade || !FILE_METHODS.has(method);
  if (!isOwnOrigin(request, host, mustShowOrigin)) return refused(403, 'origin');
  const sites = valuesOf(request, 'sec-fetch-site');
  if (sites.length > 1 || sites.some((site) => !FETCH_SITES.has(site))) return refused(403, 'sec-fetch-site');
  if (valuesOf(request, 'service-worker').length > 0) return refused(403, SERVICE_WORKER);
  if (url === RPC_PATH) return judgeUpgrade(request);
  if (isUpgrade) return refused(400, 'upgrade');
  if (url === SESSION_PATH) return judgePost(request, bodyBytesMax);
  if (!isFile(url)) return refused(404, 'unknown');
  return FILE_METHODS.has(method) ? { kind: 'file', path: url } : refused(405, 'method', 'GET, HEAD');
}

/**
 * The one name under which a page of ours is loaded. `localhost` is none: browsers try [::1] first, where any program of
 * the machine may listen while the daemon does so on 127.0.0.1.
 */
export function ownHost(port: number): string {
  return `127.0.0.1:${port}`;
}

function isOwnOrigin(request: RawRequest, host: string, isRequired: boolean): boolean {
  const origins = valuesOf(request, 'origin');
  if (origins.length === 0) return !isRequired;
  return origins.length === 1 && origins[0] === `http://${host}`;
}

/** What a WebSocket needs is checked here too, so that every refusal is of this server and carries its headers. */
function judgeUpgrade(request: RawRequest): Verdict {
  if (request.method !== 'GET') return refused(405, 'method', 'GET');
  if (!request.isUpgrade) return refused(426, 'upgrade');
  const [protocol, ...more] = valuesOf(request, 'upgrade');
  const keys = valuesOf(request, 'sec-websocket-key');
  const isWebSocket =
    protocol?.toLowerCase() === 'websocket' &&
    more.length === 0 &&
    keys.length === 1 &&
    WEBSOCKET_KEY.test(keys[0] ?? '') &&
    valuesOf(request, 'sec-websocket-version').join() === '13' &&
    valuesOf(request, 'sec-websocket-protocol').length === 0;
  return isWebSocket ? { kind: 'rpc' } : refused(400, 'upgrade');
}

function judgePost(request: RawRequest, bodyBytesMax: number): Verdict {
  if (request.method !== 'POST') return refused(405, 'method', 'POST');
  const types = valuesOf(request, 'content-type');
  if (types.length !== 1 || !JSON_TYPE.test(types[0] ?? '')) return refused(415, 'content-type');
  const [length, ...more] = valuesOf(request, 'content-length');
  if (length === undefined || more.length > 0 || !/^\d{1,9}$/.test(length)) return refused(411, 'content-length');
  return Number(length) <= bodyBytesMax ? { kind: 'session' } : refused(413, 'content-length');
}

function valuesOf({ rawHeaders }: RawRequest, name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}

function refused(status: RefusedStatus, because: string, allow?: string): Verdict {
  return { kind: 'refused', status, because, ...(allow === undefined ? {} : { allow }) };
}
