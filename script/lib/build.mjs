/**
 * Installs the npm packages and builds the program. Each part runs only when its inputs have changed. `node script/lib/build.mjs` does both.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure, reason, tell } from './failure.mjs';
import { findProgram, isExecutable, lastErrorLine, run } from './run.mjs';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const BACKEND = path.join(ROOT, 'backend');
/** The Node.js that runs the program. npm installs it. */
export const NODE = path.join(BACKEND, 'node_modules/.bin/node');

const LOCK_FILE = path.join(BACKEND, 'package-lock.json');
const INSTALLED = path.join(BACKEND, 'node_modules/.package-lock.json');
const PACKAGES_STAMP = path.join(BACKEND, 'node_modules/.berth-lock');
const BUILD_STAMP = path.join(BACKEND, 'dist/.berth-build');
const SOURCES = ['src', 'prisma', 'prisma.config.ts', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
/** The sources of the command line `berth`, of the dashboard and of the client that both use. */
const CLIENT_SOURCES = [
  'cli/src',
  'cli/tsconfig.json',
  'typescript/src',
  'dashboard/index.html',
  'dashboard/public',
  'dashboard/src',
  'dashboard/tsconfig.json',
  'dashboard/vite.config.mjs',
].map((name) => path.join('../clients', name));
/** Below backend/, where Node.js finds the npm packages that it imports. */
export const CLI_PROGRAM = path.join(BACKEND, 'dist/clients/cli/src/berth.js');
/** Generated from the Prisma schema. */
const GENERATED = path.join(BACKEND, 'src/generated');

export function packagesAreInstalled() {
  if (!isExecutable(NODE)) return false;
  if (existsSync(PACKAGES_STAMP)) return read(PACKAGES_STAMP) === hashOf([LOCK_FILE]);
  // Installed by hand: npm writes its own record when it has finished.
  return existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(LOCK_FILE).mtimeMs;
}

export function isBuilt() {
  return existsSync(BUILD_STAMP) && existsSync(GENERATED) && read(BUILD_STAMP) === hashOf(sources());
}

export async function installPackages() {
  if (packagesAreInstalled()) return;
  process.stdout.write('Installing the npm packages: this takes a minute …\n');
  await npm(['ci', '--loglevel=error', '--no-audit', '--no-fund'], 'The npm packages could not be installed');
  if (!isExecutable(NODE))
    throw new Failure('npm has not installed the Node.js that Berth runs on: set its option ignore-scripts to false.');
  writeFileSync(PACKAGES_STAMP, hashOf([LOCK_FILE]));
}

export async function build() {
  if (isBuilt()) return;
  process.stdout.write('Building the program …\n');
  const hash = hashOf(sources());
  rmSync(BUILD_STAMP, { force: true });
  // `build` empties dist/, so that the others come after it.
  for (const script of ['generate', 'build', 'build:cli', 'build:dashboard'])
    await npm(['run', script], `The program could not be built (${script})`);
  writeFileSync(BUILD_STAMP, hash);
}

async function npm(args, failure) {
  if (!findProgram('npm')) throw new Failure('There is no npm on the PATH: install it beside Node.js.');
  const { code, output } = await run('npm', args, { cwd: BACKEND });
  if (code === 0) return;
  process.stderr.write(output.endsWith('\n') ? output : `${output}\n`);
  throw new Failure(`${failure} (${lastErrorLine(output)}): see above, fix it and run this again.`);
}

function sources() {
  const files = [...SOURCES, ...CLIENT_SOURCES]
    .map((name) => path.join(BACKEND, name))
    .flatMap((file) =>
      statSync(file).isDirectory()
        ? readdirSync(file, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
        : [file],
    );
  return [...files.filter((file) => !file.startsWith(`${GENERATED}/`)).sort(), LOCK_FILE];
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${path.relative(BACKEND, file)}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

function read(file) {
  return readFileSync(file, 'utf8').trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await installPackages();
    await build();
  } catch (error) {
    process.exitCode = tell(error.code ? new Failure(`The program could not be built: ${reason(error)}.`) : error);
  }
}
