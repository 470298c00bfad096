import type { Runtime } from './runtime.js';
import type { SourceFiles } from './source-files.js';

const DEFAULT_MAJOR = 22;
const DEFAULT_PORT = 3000;

interface PackageJson {
  main?: unknown;
  engines?: { node?: unknown };
  packageManager?: unknown;
  scripts?: Record<string, unknown>;
}

/** Detects package.json, with the package manager of its lock file. */
export function detectNode(files: SourceFiles): Runtime | undefined {
  const text = files.text('package.json');
  if (text === undefined) return undefined;
  const manifest = parse(text);
  const major = majorOf(files, manifest);
  const manager = managerOf(files, manifest);
  const scripts = manifest.scripts ?? {};
  const entry = ['server.js', 'index.js', 'app.js', 'main.js', 'server.mjs', 'index.mjs'].find((name) =>
    files.names.has(name),
  );
  const main = typeof manifest.main === 'string' && /^[\w@./-]+$/.test(manifest.main) ? manifest.main : entry;
  const start = scripts['start'] ? `${manager.run} start` : main && `node ${main}`;
  return {
    description: `Node.js ${major} with ${manager.description}`,
    reasons: [],
    defaultPort: DEFAULT_PORT,
    baseImage: `node:${major}-slim`,
    install: manager.install,
    ...(scripts['build'] ? { build: `${manager.run} run build` } : {}),
    ...(start ? { start } : {}),
  };
}

interface Manager {
  description: string;
  install: string;
  run: string;
}

function managerOf(files: SourceFiles, { packageManager }: PackageJson): Manager {
  const [, named, version] =
    /^(npm|yarn|pnpm)@(\d{1,4}\.\d{1,4}\.\d{1,4})/.exec(typeof packageManager === 'string' ? packageManager : '') ?? [];
  const pinned = (name: string) => (named === name ? version : undefined);
  if (files.names.has('pnpm-lock.yaml')) {
    const pnpm = `npx --yes pnpm@${pinned('pnpm') ?? '10'}`;
    return { description: 'pnpm (pnpm-lock.yaml)', install: `${pnpm} install --frozen-lockfile`, run: pnpm };
  }
  if (files.names.has('yarn.lock')) {
    // Yarn 2 and later have another lock file format and another npm package.
    const isModern = /^__metadata:/m.test(files.text('yarn.lock') ?? '');
    const yarn = isModern
      ? `npx --yes @yarnpkg/cli-dist@${pinned('yarn') ?? '4'}`
      : `npx --yes yarn@${pinned('yarn') ?? '1'}`;
    const install = `${yarn} install ${isModern ? '--immutable' : '--frozen-lockfile'}`;
    return { description: `yarn (yarn.lock)`, install, run: yarn };
  }
  if (files.names.has('package-lock.json') || files.names.has('npm-shrinkwrap.json')) {
    return { description: 'npm (package-lock.json)', install: 'npm ci', run: 'npm' };
  }
  return { description: 'npm (no lock file)', install: 'npm install', run: 'npm' };
}

/** The major version that the project requests, when it is one version and not a range. */
function majorOf(files: SourceFiles, { engines }: PackageJson): number {
  const wanted = [files.text('.nvmrc'), files.text('.node-version'), engines?.node];
  for (const text of wanted) {
    const major = /^\s*(?:v|\^|~|=)?(\d{2})(?:[.\sx]|$)/.exec(typeof text === 'string' ? text : '')?.[1];
    if (major) return Number(major);
  }
  return DEFAULT_MAJOR;
}

/** Ignores an invalid package.json: npm reports it. */
function parse(text: string): PackageJson {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
