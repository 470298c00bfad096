import type { NodeManifest } from './node-manifest.js';
import type { SourceFiles } from './source-files.js';

/** Files that a plain install reads. */
const INSTALL_FILES = [
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'bun.lock',
  'bun.lockb',
  'bunfig.toml',
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
];
/** Scripts of the project that an install runs. */
const INSTALL_SCRIPTS = [
  'preinstall',
  'install',
  'postinstall',
  'prepare',
  'preprepare',
  'postprepare',
  'dependencies',
  'pnpm:devPreinstall',
];
/** Only sets git hooks up, and does nothing without a repository. */
const HOOKS_ONLY = /^(?:husky|lefthook|simple-git-hooks)\b[^&|;]*$/;
/** Files that an install reads beside those of INSTALL_FILES. */
const INSTALL_HOOKS = ['.pnpmfile.cjs', '.pnpmfile.mjs', 'pnpmfile.js', 'pnpm-workspace.yaml', 'binding.gyp'];
const LOCAL_SPECIFIER = /^(?:file|link|portal|patch|workspace|exec|catalog):|^(?:\.{1,2}|~)?\//;
const GIT_SPECIFIER =
  /^(?:git\+|git:|git@|ssh:|github:|gitlab:|bitbucket:|gist:)|^[\w.-]+\/[\w.-]+(?:#|$)|^https?:[^#]+\.git(?:#|$)/;
/** How lock files write a dependency from Git. */
const GIT_IN_LOCK = ['git+ssh://', 'git+https://', 'git+http://', 'git+file://', 'type: git', '.git#'];
/** Packages that compile with node-gyp, all of them or where no prebuilt program fits. */
const COMPILED = [
  'argon2',
  'bcrypt',
  'better-sqlite3',
  'bufferutil',
  'canvas',
  'cpu-features',
  'deasync',
  'farmhash',
  'ffi-napi',
  'grpc',
  'heapdump',
  'integer',
  'isolated-vm',
  'kerberos',
  'leveldown',
  'lzma-native',
  'microtime',
  'nan',
  'node-addon-api',
  'node-expat',
  'node-gyp',
  'node-pty',
  'node-rdkafka',
  'node-sass',
  'pty.js',
  're2',
  'ref-napi',
  'robotjs',
  'serialport',
  'sodium-native',
  'sqlite3',
  'unix-dgram',
  'usb',
  'utf-8-validate',
  'zeromq',
];
/** Packages that load libraries which only the full image has. */
const LINKED = ['libpq', 'pg-native', 'canvas', 'node-rdkafka'];
const COMPILERS = /\b(?:node-gyp|cmake-js|node-pre-gyp|prebuild-install|neon build)\b/;

/** The files to copy before the install; none when it may read any other file: then all are copied first. */
export function installFiles(
  files: SourceFiles,
  { scripts, hasWorkspaces, hasPatches, ...manifest }: NodeManifest,
): string[] {
  const runsScripts = INSTALL_SCRIPTS.some((name) => !HOOKS_ONLY.test(scripts.get(name) ?? 'husky'));
  const specifiers = [...manifest.dependencies.values(), ...manifest.devDependencies.values()];
  const readsFolders =
    hasWorkspaces || hasPatches || specifiers.some((text) => LOCAL_SPECIFIER.test(text)) || files.hasFolder('.yarn');
  const readsMore =
    files.first(...INSTALL_HOOKS) !== undefined ||
    /^[ \t]*(?:cafile|certfile|keyfile)/m.test(files.text('.npmrc') ?? '');
  if (runsScripts || readsFolders || readsMore || overridesWithFiles(files)) return [];
  return INSTALL_FILES.filter((name) => files.has(name));
}

/** `overrides` and `resolutions` may be nested: any local specifier in the manifest counts. */
function overridesWithFiles(files: SourceFiles): boolean {
  const text = files.text('package.json') ?? '';
  return ['"file:', '"link:', '"portal:', '"patch:'].some((specifier) => text.includes(specifier));
}

/** Why the install needs git or a compiler, which the slim image has not; undefined when it needs neither. */
export function toolsReason(files: SourceFiles, manifest: NodeManifest): string | undefined {
  const { dependencies, devDependencies, scripts } = manifest;
  if (files.has('binding.gyp')) return 'compilers for binding.gyp';
  if ([...scripts.values()].some((script) => COMPILERS.test(script))) return 'compilers for a native add-on';
  const compiled = COMPILED.find((name) => isInstalled(files, manifest, name));
  if (compiled !== undefined) return `compilers for ${compiled}`;
  const isFromGit = [...dependencies, ...devDependencies].find(([, specifier]) => GIT_SPECIFIER.test(specifier));
  if (isFromGit) return `git for the dependency ${isFromGit[0]}`;
  const lock = lockText(files);
  return GIT_IN_LOCK.some((mark) => lock.includes(mark)) ? 'git for a dependency of the lock file' : undefined;
}

/** True when the program loads libraries that only the full image has. */
export function needsFullImage(files: SourceFiles, manifest: NodeManifest): boolean {
  return LINKED.some((name) => isInstalled(files, manifest, name));
}

function isInstalled(files: SourceFiles, { dependencies, devDependencies }: NodeManifest, name: string): boolean {
  if (dependencies.has(name) || devDependencies.has(name)) return true;
  const lock = lockText(files);
  return [
    `node_modules/${name}"`,
    `\n${name}@`,
    `"${name}@npm:`,
    `  /${name}@`,
    `  /${name}/`,
    `  ${name}@`,
    `"${name}": ["`,
  ].some((entry) => lock.includes(entry));
}

function lockText(files: SourceFiles): string {
  const lock = files.first('pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'package-lock.json', 'npm-shrinkwrap.json');
  return (lock === undefined ? undefined : files.text(lock)) ?? '';
}
