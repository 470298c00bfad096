import semver from 'semver';
import { fieldsOf, type NodeManifest, parseYaml, textOf } from './node-manifest.js';
import { isPnpmWorkspace } from './node-workspaces.js';
import type { SourceFiles } from './source-files.js';

const MANAGERS = ['pnpm', 'yarn', 'bun', 'npm'] as const;
type ManagerName = (typeof MANAGERS)[number];

const LOCK_FILES: Record<ManagerName, readonly string[]> = {
  pnpm: ['pnpm-lock.yaml'],
  yarn: ['yarn.lock'],
  bun: ['bun.lock', 'bun.lockb'],
  npm: ['package-lock.json', 'npm-shrinkwrap.json'],
};

/** How to install the dependencies and run the scripts of a project. */
export interface NodeManager {
  name: ManagerName;
  /** `pnpm 9 (pnpm-lock.yaml)` */
  description: string;
  reason: string;
  /** makes the manager available; npm is in the image */
  setup?: string;
  install: string;
  /** runs a script: followed by its name */
  run: string;
  /** removes the development dependencies; undefined when the manager cannot */
  prune?: string;
  /** variables of the build stage */
  env?: Record<string, string>;
}

interface Choice {
  name: ManagerName;
  lock: string | undefined;
  /** version that package.json pins */
  pinned: string | undefined;
  source: string;
}

/** Tags of Node.js with npm 10 on which npm 11 runs. npm 12 runs no install scripts of dependencies. */
const NODE_WITH_NPM_10: readonly string[] = ['20', '22'];
/** The baseImage of a request may have a Node.js that is too old for it. The final image may copy the folder. */
const UPDATE_NPM = 'npm install -g npm@11 || mkdir -p /home/app/.local';

/** The package manager of `packageManager`, else of the lock file, else npm. */
export function nodeManagerOf(files: SourceFiles, manifest: NodeManifest, nodeTag: string): NodeManager {
  const choice = choose(files, manifest);
  switch (choice.name) {
    case 'pnpm':
      return pnpm(files, manifest, choice);
    case 'yarn':
      return yarn(files, choice);
    case 'bun':
      return bun(choice);
    case 'npm':
      return npm(choice, manifest, nodeTag);
  }
}

function choose(files: SourceFiles, manifest: NodeManifest): Choice {
  const named = namedBy(manifest);
  const lockOf = (name: ManagerName) => files.first(...LOCK_FILES[name]);
  const locked = MANAGERS.find((name) => lockOf(name) !== undefined);
  // Without its own lock file the named manager cannot install what was locked.
  const isUsable = named && (lockOf(named.name) !== undefined || locked === undefined);
  if (named && isUsable) return { ...named, lock: lockOf(named.name) };
  const name = locked ?? 'npm';
  return { name, lock: lockOf(name), pinned: manifest.volta.get(name), source: lockOf(name) ?? 'no lock file' };
}

/** `packageManager: pnpm@9.15.9+sha512.…`, else `devEngines.packageManager`. */
function namedBy({ packageManager = '', devManager }: NodeManifest): Omit<Choice, 'lock'> | undefined {
  const at = packageManager.indexOf('@');
  const name = MANAGERS.find((known) => known === packageManager.slice(0, Math.max(at, 0)));
  const version = packageManager.slice(at + 1).split('+')[0] ?? '';
  if (name && isVersion(version)) return { name, pinned: version, source: 'packageManager' };
  const known = MANAGERS.find((manager) => manager === devManager?.name);
  if (!known || !devManager) return undefined;
  const pinned = isVersion(devManager.version) ? devManager.version : undefined;
  return { name: known, pinned, source: 'devEngines' };
}

/** A version, or its beginning: `9`, `9.15`, `9.15.9`. */
function isVersion(text: string): boolean {
  return semver.valid(text) !== null || /^\d{1,3}(?:\.\d{1,3})?$/.test(text);
}

function npm({ lock, pinned, source }: Choice, manifest: NodeManifest, nodeTag: string): NodeManager {
  const install = lock === undefined ? 'npm install' : 'npm ci';
  const prune = 'npm prune --omit=dev --ignore-scripts';
  // npm 10 crashes on the peer dependencies of new packages, such as Vitest 4 with Vite 8 (npm/cli#9787).
  const resolves = lock === undefined && manifest.dependencies.size + manifest.devDependencies.size > 0;
  const isUpdated = pinned === undefined && resolves && NODE_WITH_NPM_10.includes(nodeTag);
  const version = isUpdated ? '11' : pinned;
  return {
    name: 'npm',
    description: `npm (${lock ?? 'no lock file'})`,
    reason: `npm${version === undefined ? '' : ` ${version}`} from ${source}`,
    ...(version !== undefined && { setup: isUpdated ? UPDATE_NPM : `npm install -g npm@${version}` }),
    install,
    run: 'npm run',
    prune,
  };
}

function pnpm(files: SourceFiles, manifest: NodeManifest, { lock, pinned, source }: Choice): NodeManager {
  const version = pinned ?? pnpmVersion(files, manifest);
  const major = Number.parseInt(version, 10);
  const from =
    pinned === undefined && lock !== undefined ? `lockfileVersion ${lockVersion(files) ?? '?'} of ${lock}` : source;
  return {
    name: 'pnpm',
    description: `pnpm (${lock ?? 'no lock file'})`,
    reason: `pnpm ${version} from ${from}`,
    setup: `npm install -g pnpm@${version}`,
    install: lock === undefined ? 'pnpm install --no-frozen-lockfile' : 'pnpm install --frozen-lockfile',
    run: 'pnpm run',
    // pnpm 7 knows no option for it. Without a terminal it asks no question only when CI is set.
    prune:
      major < 8
        ? 'CI=true npm_config_ignore_scripts=true pnpm prune --prod'
        : 'CI=true pnpm prune --prod --ignore-scripts',
    // The store is a cache: it is not among the programs of the user. The version of packageManager is installed.
    env: { XDG_DATA_HOME: '/home/app/.cache', npm_config_manage_package_manager_versions: 'false' },
  };
}

/** pnpm 9 and 10 write the same lock file; 10 runs no build scripts of dependencies that are not listed. */
function pnpmVersion(files: SourceFiles, { hasBuiltDependencies }: NodeManifest): string {
  const lock = Number.parseFloat(lockVersion(files) ?? '');
  if (lock < 6) return '7';
  if (lock < 9) return '8';
  const settings = files.text('pnpm-workspace.yaml');
  const hasSettings = settings !== undefined && !isPnpmWorkspace(files);
  const listsBuilds = /^(?:onlyBuiltDependencies|allowBuilds|ignoredBuiltDependencies)[ \t]*:/m.test(settings ?? '');
  return hasBuiltDependencies || hasSettings || listsBuilds ? '10' : '9';
}

/** The first lines are enough: a whole lock file may have megabytes. */
function lockVersion(files: SourceFiles): string | undefined {
  return /^lockfileVersion: *['"]?(\d+(?:\.\d+)?)/m.exec((files.text('pnpm-lock.yaml') ?? '').slice(0, 2000))?.[1];
}

function yarn(files: SourceFiles, { lock, pinned, source }: Choice): NodeManager {
  const berry = berryVersion(files, pinned);
  if (berry === undefined) return classicYarn({ lock, pinned, source });
  const settings = fieldsOf(parseYaml(files.text('.yarnrc.yml')));
  const release = releaseFile(files, textOf(settings['yarnPath']));
  // Absolute, because the scripts of a workspace run in its folders.
  const program = release === undefined ? 'yarn' : `node /app/${release}`;
  const major = Number.parseInt(berry, 10);
  const canFocus = major >= 4 || files.has('.yarn/plugins/@yarnpkg/plugin-workspace-tools.cjs');
  const focus = `${program} workspaces focus --production && rm -rf .yarn/cache .yarn/install-state.gz`;
  return {
    name: 'yarn',
    description: `yarn (${lock ?? 'no lock file'})`,
    reason: release === undefined ? `yarn ${berry} from ${source}` : `yarn from ${release} of .yarnrc.yml`,
    ...(release === undefined && { setup: `npm install -g @yarnpkg/cli-dist@${berry}` }),
    install: `${program} install ${lock === undefined ? '--no-immutable' : '--immutable'}`,
    run: `${program} run`,
    ...(canFocus && { prune: focus }),
    // node_modules is what every other program reads; a lock file is the same for each linker.
    env: { YARN_NODE_LINKER: 'node-modules', YARN_ENABLE_TELEMETRY: '0' },
  };
}

function classicYarn({ lock, pinned, source }: Omit<Choice, 'name'>): NodeManager {
  const version = pinned ?? '1';
  return {
    name: 'yarn',
    description: `yarn (${lock ?? 'no lock file'})`,
    reason: `yarn ${version} from ${source}`,
    setup: `npm install -g yarn@${version}`,
    install: lock === undefined ? 'yarn install' : 'yarn install --frozen-lockfile',
    run: 'yarn run',
    prune: 'yarn install --production --ignore-scripts --prefer-offline',
  };
}

/** Version of Yarn 2 or later; undefined for Yarn 1. The version of a lock file's format follows that of Yarn. */
function berryVersion(files: SourceFiles, pinned: string | undefined): string | undefined {
  if (pinned !== undefined) return Number.parseInt(pinned, 10) >= 2 ? pinned : undefined;
  const head = (files.text('yarn.lock') ?? '').slice(0, 2000);
  if (!/^__metadata:/m.test(head)) return undefined;
  const format = Number(/^ +version: (\d+)/m.exec(head)?.[1] ?? '8');
  if (format <= 4) return '2';
  return format <= 6 ? '3' : '4';
}

/** A file of the repository: the path becomes part of a command. */
function releaseFile(files: SourceFiles, path: string | undefined): string | undefined {
  const name = path?.replace(/^\.\//, '');
  return name !== undefined && files.has(name) && /^[\w./@-]+$/.test(name) ? name : undefined;
}

function bun({ lock, pinned, source }: Choice): NodeManager {
  const version = pinned ?? '1';
  const frozen = lock === undefined ? '' : ' --frozen-lockfile';
  return {
    name: 'bun',
    description: `bun (${lock ?? 'no lock file'})`,
    reason: `bun ${version} from ${source}`,
    setup: `npm install -g bun@${version}`,
    install: `bun install${frozen}`,
    run: 'bun run',
    prune: `rm -rf node_modules && bun install --production${frozen}`,
  };
}
