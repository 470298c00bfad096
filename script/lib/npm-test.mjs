/**
 * `npm test` of backend/ and of each client: the tests that need no root, no Docker Engine and no network. It prints what a
 * fresh clone lacks, and what script/test adds. `node script/lib/npm-test.mjs backend|cli|typescript`
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { BACKEND, ROOT } from './build.mjs';
import { EXIT, Failure, tell } from './failure.mjs';

const CLIENTS = path.join(ROOT, 'clients');
const MORE = `
script/test runs everything else: lint, types, the generated files, and the tests on a real Docker Engine, registries
and PostgreSQL, which need Debian and root. script/test --help says how to run a part of it.
`;
const TESTS = { backend: testBackend, cli: testCli, typescript: testTypescript };

function testBackend() {
  const vitest = path.join(BACKEND, 'node_modules/vitest/vitest.mjs');
  if (!existsSync(vitest)) throw missing('npm ci', BACKEND);
  if (!existsSync(path.join(BACKEND, 'src/generated'))) throw missing('npm run generate', BACKEND);
  run([vitest, 'run', '--project', 'unit', ...process.argv.slice(3)], BACKEND);
}

function testCli() {
  const folder = path.join(CLIENTS, 'cli');
  const { tsc, types, output } = toolsOf(folder, path.join(BACKEND, 'dist/clients'));
  run([tsc, '-p', folder, '--outDir', output, '--typeRoots', types], folder);
  const built = path.join(output, 'cli/src');
  const files = readdirSync(built).filter((name) => name.endsWith('.test.js'));
  run(['--test', ...files.map((name) => path.join(built, name))], folder);
}

function testTypescript() {
  const folder = path.join(CLIENTS, 'typescript');
  const { tsc } = toolsOf(folder);
  run([tsc, '--noEmit', '-p', folder], folder);
  process.stdout.write('The types of the client are correct.\n');
}

/** Uses the client's own npm packages, else those of the backend. The output folder is where Node.js finds the same packages. */
function toolsOf(folder, outputInBackend) {
  const places = [
    { packages: path.join(folder, 'node_modules'), output: path.join(folder, 'dist') },
    { packages: path.join(BACKEND, 'node_modules'), output: outputInBackend },
  ];
  const place = places.find(({ packages }) => existsSync(path.join(packages, 'typescript/bin/tsc')));
  if (!place) throw missing('npm install', folder);
  const { packages, output } = place;
  return { tsc: path.join(packages, 'typescript/bin/tsc'), types: path.join(packages, '@types'), output };
}

function missing(command, folder) {
  return new Failure(
    `Not everything is installed here yet: run ${command} in ${path.relative(ROOT, folder)}/, or script/server, which installs all of it.`,
  );
}

function run(args, cwd) {
  const { status, error } = spawnSync(process.execPath, args, { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? EXIT.failed);
}

try {
  const part = process.argv[2];
  const test = Object.hasOwn(TESTS, part ?? '') ? TESTS[part] : undefined;
  if (!test) throw new Failure(`Name one of ${Object.keys(TESTS).join(', ')}.`, EXIT.usage);
  test();
  process.stdout.write(MORE);
} catch (error) {
  process.exitCode = tell(error);
}
