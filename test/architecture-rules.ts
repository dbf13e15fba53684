/** One source file as the rules see it: its path from the root, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

interface RuleBase {
  readonly id: string;
  /** Files the rule speaks about, by path from the root. */
  readonly from: RegExp;
  readonly except?: RegExp;
  readonly because: string;
  /** A file that breaks the rule: proves that the rule can be broken at all. */
  readonly planted: SourceFile;
}

export interface ImportRule extends RuleBase {
  /** Matched against the resolved target: `node:fs`, `commander`, `packages/peer/src/path/path-agent.ts`. */
  readonly mayNotImport: RegExp;
  readonly butMayImport?: RegExp;
  /** Names alone (`import type`) carry no behaviour and are fine. */
  readonly typesAllowed?: boolean;
}

export interface TextRule extends RuleBase {
  /** Matched against the code without its comments and strings. */
  readonly mayNotContain: RegExp;
}

const TESTS = /\.test\.tsx?$|\/test-[a-z-]+\.ts$|\/[a-z-]*(harness|fixtures?)\.ts$/;
/** Where the world may be touched. Everything else is pure. */
const EDGE =
  /\/(io|cli|tui|web|daemon|admin|bin)\/|\/src\/(main|config)\.ts$|\/store\/(sqlite-|migrations\/)|\.test\.ts$|\/test-[a-z-]+\.ts$/;
const MACHINES = new RegExp(
  [
    'packages/common/src/(bytes|frames|packets|content|channel)/',
    'packages/peer/src/(path|transport|messaging|session)/',
    'packages/server/src/(relay|presence|rendezvous/(rendezvous|reflector|reflect-tokens)\\.ts)',
  ].join('|'),
);
const PAGE_SCREENS = ['sign-in', 'people', 'chat', 'settings'];
const SERVICES = [
  'accounts',
  'friends',
  'presence',
  'last-seen',
  'rendezvous',
  'relay',
  'mailbox',
  'notices',
  'groups',
];

export const IMPORT_RULES: readonly ImportRule[] = [
  {
    id: 'common-knows-no-side',
    from: /^packages\/common\//,
    mayNotImport: /^packages\/(server|peer)\/|^(better-sqlite3|argon2|commander|pino|cli-table3)$/,
    because: 'common is the agreement between the two sides; it belongs to neither',
    planted: { path: 'packages/common/src/a.ts', text: "import { x } from '@magpie/peer/engine/engine.ts';" },
  },
  {
    id: 'server-knows-no-peer',
    from: /^packages\/server\//,
    mayNotImport: /^packages\/peer\//,
    because: 'server and peer meet only in common and on the wire',
    planted: { path: 'packages/server/src/a.ts', text: "import type { Engine } from '@magpie/peer/engine/engine.ts';" },
  },
  {
    id: 'peer-knows-no-server',
    from: /^packages\/peer\//,
    mayNotImport: /^packages\/server\//,
    because: 'server and peer meet only in common and on the wire',
    planted: { path: 'packages/peer/src/a.ts', text: "export { y } from '../../server/src/server.ts';" },
  },
  {
    id: 'pure-code-touches-no-world',
    from: /^packages\/[a-z]+\/src\//,
    except: EDGE,
    mayNotImport:
      /^node:(net|dgram|dns|fs|http|https|http2|tls|os|timers|child_process|worker_threads|cluster|readline|process|perf_hooks)(\/|$)|^(better-sqlite3|argon2|commander|pino|cli-table3|env-paths|smol-toml)$/,
    because:
      'sockets, files, timers, processes and databases live in io/, cli/, daemon/ and sqlite-*; the rest runs in the simulator',
    planted: { path: 'packages/server/src/relay/relay.ts', text: "import { readFileSync } from 'node:fs';" },
  },
  {
    id: 'pure-code-does-not-reach-the-edge',
    from: /^packages\/[a-z]+\/src\//,
    except: EDGE,
    mayNotImport: /^packages\/[a-z]+\/src\/((io|cli|tui|web|daemon|admin)\/|main\.ts|store\/sqlite-)/,
    because: 'imports point cores <- io <- main; a core gets its ports as arguments',
    planted: { path: 'packages/peer/src/engine/a.ts', text: "import { c } from '../io/system-clock.ts';" },
  },
  {
    id: 'transport-knows-no-path',
    from: /^packages\/peer\/src\/transport\//,
    mayNotImport: /^packages\/peer\/src\/(path|messaging|engine|session|server-link|store)\//,
    because: 'a path is only a number to the transport; the session joins them',
    planted: { path: 'packages/peer/src/transport/a.ts', text: "import { P } from '../path/path-agent.ts';" },
  },
  {
    id: 'path-knows-no-transport',
    from: /^packages\/peer\/src\/path\//,
    mayNotImport: /^packages\/peer\/src\/(transport|messaging|engine|session|server-link|store)\//,
    typesAllowed: true,
    because: 'the path agent decides roads without knowing what travels on them; the session joins them',
    planted: { path: 'packages/peer/src/path/a.ts', text: "import { C } from '../transport/connection.ts';" },
  },
  {
    id: 'messaging-knows-no-road',
    from: /^packages\/peer\/src\/messaging\//,
    mayNotImport: /^packages\/peer\/src\/(transport|path|server-link|engine|session|io|daemon|cli)\//,
    because: 'a message is the same on every road',
    planted: { path: 'packages/peer/src/messaging/a.ts', text: "import { C } from '../transport/connection.ts';" },
  },
  ...SERVICES.map(
    (service): ImportRule => ({
      id: `service-${service}-knows-no-sibling`,
      from: new RegExp(`^packages/server/src/${service}/`),
      except: TESTS,
      mayNotImport: new RegExp(`^packages/server/src/(${SERVICES.filter((s) => s !== service).join('|')}|session)/`),
      typesAllowed: true,
      because: 'services may run in processes of their own one day; the session and server.ts join them',
      planted: {
        path: `packages/server/src/${service}/a.ts`,
        text: `import { x } from '../${service === 'relay' ? 'presence' : 'relay'}/b.ts';`,
      },
    }),
  ),
  {
    id: 'codecs-know-layout-not-meaning',
    from: /^packages\/common\/src\/(bytes|frames|packets|content)\//,
    except: TESTS,
    mayNotImport: /^packages\/common\/src\/(channel|rpc|i18n)\//,
    because: 'a codec knows layout, not keys, users or languages',
    planted: { path: 'packages/common/src/frames/a.ts', text: "import { s } from '../channel/keys.ts';" },
  },
  {
    id: 'faces-speak-to-the-engine-only',
    from: /^packages\/peer\/src\/(cli|tui|web|daemon)\//,
    except: TESTS,
    mayNotImport: /^packages\/peer\/src\/(transport|path|messaging|session|server-link)\//,
    typesAllowed: true,
    because: 'two faces, one engine: its commands and events are the whole surface',
    planted: { path: 'packages/peer/src/cli/a.ts', text: "import { O } from '../messaging/outbox.ts';" },
  },
  {
    id: 'page-knows-the-local-api-only',
    from: /^packages\/peer\/web\/src\//,
    mayNotImport: /^packages\//,
    butMayImport:
      /^packages\/peer\/web\/src\/|^packages\/common\/src\/((rpc|view|i18n)\/|(ids|limits|result|time|random|invitation|refusal|assert|plain-line)\.ts$)/,
    because: 'the page runs in a browser and sees what any face sees: the table of the local API and the words',
    planted: { path: 'packages/peer/web/src/a.tsx', text: "import { E } from '@magpie/peer/engine/engine.ts';" },
  },
  {
    id: 'page-brings-few-libraries',
    from: /^packages\/peer\/web\/src\//,
    except: TESTS,
    mayNotImport:
      /^(?!packages\/|(react|react-dom|zustand|@base-ui\/react|emoji-picker-element-data)(\/|$)|(lucide-react|tinykeys|linkify-it|uqr|virtua|zod|i18next)$)/,
    because: 'each library is weighed (250 KB for the first load) and obeys the content security policy (R31)',
    planted: { path: 'packages/peer/web/src/a.tsx', text: "import { marked } from 'marked';" },
  },
  {
    id: 'page-pieces-know-no-screen',
    from: /^packages\/peer\/web\/src\/(design|text|connection)\//,
    mayNotImport: /^packages\/peer\/web\/src\/(sign-in|people|chat|settings|shell)\//,
    butMayImport: /\/shell\/(preferences|navigation)\.ts$/,
    because: 'imports of the page point design <- text <- connection <- screens <- shell',
    planted: { path: 'packages/peer/web/src/design/a.tsx', text: "import { C } from '../chat/chat-screen.tsx';" },
  },
  ...PAGE_SCREENS.map(
    (screen): ImportRule => ({
      id: `page-screen-${screen}-knows-no-other`,
      from: new RegExp(`^packages/peer/web/src/${screen}/`),
      mayNotImport: new RegExp(`^packages/peer/web/src/(${PAGE_SCREENS.filter((s) => s !== screen).join('|')}|shell)/`),
      butMayImport:
        /\/people\/names\.ts$|\/shell\/(preferences|navigation|commands|key-list|back-button|toast-list)\.tsx?$/,
      because: 'the shell puts the screens together; each can be changed without reading the others',
      planted: {
        path: `packages/peer/web/src/${screen}/a.tsx`,
        text: "import { S } from '../shell/shell.tsx';",
      },
    }),
  ),
  {
    id: 'product-knows-no-test',
    from: /^packages\//,
    except: TESTS,
    mayNotImport: /^(test|scripts)\/|^(vitest|fast-check)$|\.test\.ts$/,
    because: 'the product must be the same with and without its tests',
    planted: { path: 'packages/peer/src/engine/a.ts', text: "import { w } from '../../../../test/sim/world.ts';" },
  },
  {
    id: 'simulator-holds-no-protocol',
    from: /^test\/sim\//,
    except: /^test\/sim\/attackers\//,
    mayNotImport: /^packages\//,
    butMayImport:
      /^packages\/server\/src\/(server|store\/memory-store|limits)\.ts$|^packages\/peer\/src\/(engine\/create-engine|store\/memory-store)\.ts$|^packages\/common\/src\/(ids|result|assert|time|random|net|log|limits|refusal|bytes\/hex|channel\/(keys|pin|envelope-kem))\.ts$/,
    typesAllowed: true,
    because:
      'the simulator builds peers and server through the factories main.ts uses and changes only ports (attackers speak the protocol on purpose and live apart)',
    planted: { path: 'test/sim/a.ts', text: "import { C } from '@magpie/peer/transport/connection.ts';" },
  },
  {
    id: 'scripts-hold-no-product',
    from: /^scripts\//,
    mayNotImport: /^packages\/(server|peer)\/src\/(?!main\.ts)/,
    because: 'entry points are thin: what they start they start as a user would',
    planted: { path: 'scripts/a.ts', text: "import { c } from '../packages/peer/src/engine/create-engine.ts';" },
  },
];

export const TEXT_RULES: readonly TextRule[] = [
  {
    id: 'machines-have-no-clock-and-no-chance',
    from: MACHINES,
    except: TESTS,
    mayNotContain:
      /\bDate\b|\bperformance\b|\b(setTimeout|setInterval|setImmediate|queueMicrotask|nextTick)\b|\bMath\.random\b|\b(randomBytes|randomUUID|getRandomValues|randomInt|randombytes_\w+)\b/,
    because: 'the same seed and the same inputs must give the same run: time and chance are arguments',
    planted: { path: 'packages/peer/src/path/a.ts', text: 'const now = Date.now();' },
  },
  {
    id: 'machines-do-not-wait',
    from: MACHINES,
    except: TESTS,
    mayNotContain: /\basync\b|\bawait\b|\bPromise\b/,
    because: 'a machine takes bytes, commands and now; waiting belongs to the shell around it',
    planted: { path: 'packages/peer/src/transport/a.ts', text: 'async function f() {}' },
  },
  {
    id: 'pure-code-has-no-clock-and-no-chance',
    from: /^packages\/[a-z]+\/src\//,
    except: EDGE,
    mayNotContain:
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\b(setTimeout|setInterval|setImmediate|nextTick)\b|\bMath\.random\b|\b(randomBytes|randomUUID|getRandomValues|randomInt|randombytes_\w+)\b/,
    because: 'services and the engine run in the simulator too: Clock and RandomSource are ports',
    planted: { path: 'packages/server/src/accounts/a.ts', text: 'setTimeout(retry, 5);' },
  },
  {
    id: 'no-test-branch-in-the-product',
    from: /^packages\/[a-z]+\/(web\/)?src\//,
    except: TESTS,
    mayNotContain: /\bNODE_ENV\b|\bVITEST\b|\bisTest\b|\bforTests?\b|\bMUTANT\b|import\.meta\.vitest/,
    because: 'what is tested must be what runs; mutants are planted by a loader in test/sim',
    planted: { path: 'packages/peer/src/engine/a.ts', text: 'if (process.env.NODE_ENV) dedup = false;' },
  },
  {
    id: 'no-console-in-the-product',
    from: /^packages\/[a-z]+\/(web\/)?src\//,
    except: /\/(cli|tui)\/|\.test\.ts$/,
    mayNotContain: /\bconsole\./,
    because: 'logs are data through the Log port; only a face prints',
    planted: { path: 'packages/server/src/session/a.ts', text: "console.log('hello');" },
  },
  {
    id: 'page-makes-no-markup-of-text',
    from: /^packages\/peer\/web\/src\//,
    mayNotContain:
      /\b(dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|srcdoc|createContextualFragment|DOMParser|eval)\b|\bdocument\.write|\bnew Function\b/,
    because:
      'whatever friends and servers write is shown as text nodes; the security policy would refuse the rest (R31)',
    planted: { path: 'packages/peer/web/src/chat/a.tsx', text: 'row.innerHTML = message.text;' },
  },
  {
    id: 'erasable-syntax-only',
    from: /^(packages|scripts|test)\//,
    mayNotContain: /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s|^\s*(export\s+)?namespace\s|@ts-ignore|@ts-nocheck/m,
    because: 'Node runs the sources as they are, by stripping types; a silenced compiler proves nothing',
    planted: { path: 'packages/common/src/a.ts', text: 'export enum Colour { Red }' },
  },
];

/** Design section 4; tool configuration stands where its tool looks for it. */
export const TOP_LEVEL = new Set([
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
  'ARCHITECTURE.md',
  'LICENSE',
  'packages',
  'scripts',
  'test',
  'biome.json',
  'vitest.config.ts',
]);

/** Made by tools and ignored by git. */
export const GENERATED = new Set(['node_modules', 'coverage', 'dist']);

/** A folder is a concept, never a kind. */
export const FOLDER_NAMES_REFUSED = new Set([
  'utils',
  'util',
  'types',
  'helpers',
  'helper',
  'misc',
  'shared',
  'lib',
  'core',
]);

/** Longer files hold more than one concern (style 2); 450 leaves room for a table that reads best in one piece. */
export const FILE_LINES_MAX = 450;
