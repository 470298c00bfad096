/**
 * script/server in a tree of its own, with stand-ins for npm, the API and the engine: what it does around them. `node --test script/lib`
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SCRIPTS = fileURLToPath(new URL('..', import.meta.url));
const NPM = `#!/bin/sh
echo "$*" >>"$TREE/npm.log"
[ "$*" = "run $FAILING" ] && { echo "src/main.ts: error TS1005: ';' expected."; exit 2; }
mkdir -p node_modules/.bin src/generated dist
ln -sf "${process.execPath}" node_modules/.bin/node
cp "$TREE/api.mjs" dist/main.js`;
const API = `import { createServer } from 'node:http';
if (process.env.API_EXIT) { console.error('configuration: LOG_LEVEL is wrong'); process.exit(Number(process.env.API_EXIT)); }
console.log('api ' + process.pid);
console.log('log ' + process.env.LOG_FORMAT);
for (const end of ['SIGTERM', 'disconnect']) process.on(end, () => process.exit(0));
createServer((request, answer) => answer.end(request.url)).listen(process.env.PORT, process.env.HOST);`;
const SOURCES = [
  'prisma.config.ts',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'src/main.ts',
  'prisma/schema.prisma',
  '../clients/cli/tsconfig.json',
  '../clients/cli/src/berth.ts',
  '../clients/typescript/src/index.ts',
  '../clients/dashboard/index.html',
  '../clients/dashboard/tsconfig.json',
  '../clients/dashboard/vite.config.mjs',
  '../clients/dashboard/public/icon.svg',
  '../clients/dashboard/src/main.tsx',
];
const BUILDS = ['run generate', 'run build', 'run build:cli', 'run build:dashboard'];

let tree;
let engine;
let port;
let children;

before(() => {
  tree = mkdtempSync(path.join(tmpdir(), 'berth-server-'));
  engine = createHttpServer((request, answer) =>
    answer.end(
      JSON.stringify(
        request.url === '/version'
          ? { Version: '28.5.2', ApiVersion: '1.51' }
          : { Swarm: { LocalNodeState: 'active' } },
      ),
    ),
  ).listen(path.join(tree, 'engine.sock'));
});

after(() => {
  engine.close();
  rmSync(tree, { recursive: true });
});

beforeEach(async () => {
  children = [];
  port = await freePort();
  for (const folder of ['backend', 'clients', 'script', 'data', 'npm.log'])
    rmSync(path.join(tree, folder), { recursive: true, force: true });
  cpSync(SCRIPTS, path.join(tree, 'script'), { recursive: true });
  mkdirSync(path.join(tree, 'bin'), { recursive: true });
  for (const file of SOURCES) {
    mkdirSync(path.dirname(path.join(tree, 'backend', file)), { recursive: true });
    put(`backend/${file}`, '');
  }
  put('backend/package.json', '{}');
  put('backend/package-lock.json', '{}');
  put('api.mjs', API);
  put('bin/npm', NPM);
  chmodSync(path.join(tree, 'bin/npm'), 0o755);
});

afterEach(async () => {
  for (const { child, ended } of children) {
    child.kill('SIGTERM');
    await ended;
  }
});

test('a first start must install, build and end with what to paste', async () => {
  const server = await started();
  assert.deepEqual(npmCalls(), ['ci --loglevel=error --no-audit --no-fund', ...BUILDS]);
  assert.match(server.output, new RegExp(`Dashboard +http://127.0.0.1:${port}/dashboard\n`));
  assert.match(server.output, new RegExp(`Swagger +http://127.0.0.1:${port}/api/docs`));
  assert.match(server.output, /\nexport DATA_DIR='.*\/data'\nscript\/berth deploy examples\/hello .*\ncurl http/);
});

test('a later start must make again only what has changed', async () => {
  await end(await started());
  rmSync(path.join(tree, 'npm.log'));
  await end(await started());
  assert.deepEqual(npmCalls(), []);
  put('backend/src/main.ts', 'changed');
  await end(await started());
  assert.deepEqual(npmCalls(), BUILDS);
  put('clients/cli/src/berth.ts', 'changed');
  await end(await started());
  assert.deepEqual(npmCalls(), [...BUILDS, ...BUILDS]);
  put('clients/dashboard/src/main.tsx', 'changed');
  put('backend/.env', 'DASHBOARD=off\n');
  assert.doesNotMatch((await started()).output, /dashboard/i);
  assert.deepEqual(npmCalls(), [...BUILDS, ...BUILDS, ...BUILDS]);
});

test('the log must be readable, unless the operator has chosen a format', async () => {
  assert.match((await started()).output, /^log readable$/m);
  await end(children[0]);
  put('backend/.env', 'LOG_FORMAT=json\n');
  assert.match((await started()).output, /^log json$/m);
});

test('a build that fails must show why and be made again', async () => {
  const failing = run([], { FAILING: 'build' });
  assert.equal(await failing.ended, 69);
  assert.match(failing.output, /^src\/main\.ts: error TS1005.*\nThe program could not be built \(build\) \(.*TS1005/m);
  await started();
});

test('SIGTERM must stop the API, free the folder and exit with 0', async () => {
  const server = await started();
  assert.equal(await end(server), 0);
  assert.ok(!isAlive(apiOf(server)));
  assert.deepEqual(existsSync(path.join(tree, 'data/server.lock')), false);
});

test('a second one must say who runs and leave it alone', async () => {
  const first = await started();
  const second = run();
  assert.equal(await second.ended, 1);
  assert.equal(second.output, `Berth is already running here (pid ${first.child.pid}, http://127.0.0.1:${port}).\n`);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
});

test('of several that start at once exactly one must run', async () => {
  await end(await started());
  const servers = [run(), run(), run(), run()];
  await eventually(() => servers.filter(({ child }) => child.exitCode === 1).length === 3);
  const [winner] = servers.filter(({ child }) => child.exitCode === null);
  await eventually(() => winner.output.includes('Berth is running.'));
});

test('kill -9 must take the API along and must not block the next start', async () => {
  const server = await started();
  server.child.kill('SIGKILL');
  await server.ended;
  await started();
  await eventually(() => !isAlive(apiOf(server)));
});

test('an API that ends must end it at once, with its exit code', async () => {
  const server = run([], { API_EXIT: '78' });
  assert.equal(await server.ended, 78);
  assert.match(server.output, /configuration: LOG_LEVEL is wrong\n$/);
});

test('a taken port must be told before anything is done', async () => {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const server = run();
  assert.equal(await server.ended, 73);
  assert.match(server.output, new RegExp(`Port ${port} is taken by another program: .*\n$`));
  assert.deepEqual(npmCalls(), []);
  other.close();
});

test('an engine that does not answer must be told in a sentence', async () => {
  const server = run([], { DOCKER_HOST: 'unix:///nowhere.sock' });
  assert.equal(await server.ended, 69);
  assert.match(
    server.output,
    /\nThe Docker Engine at unix:\/\/\/nowhere\.sock does not answer \(.*correct DOCKER_HOST\.\n$/,
  );
});

test('a broken .env must be told with every problem', async () => {
  put('backend/.env', 'PORT=http\nDATA_DIR=data\n');
  const server = run([], { PORT: '', DATA_DIR: '' });
  assert.equal(await server.ended, 78);
  assert.match(server.output, /^configuration: PORT must .*\nconfiguration: DATA_DIR must .*\n$/);
});

test('--check must change nothing', async () => {
  const server = run(['--check']);
  assert.equal(await server.ended, 0);
  assert.match(server.output, /^→ npm packages: will be installed/m);
  assert.ok(!existsSync(path.join(tree, 'data')));
});

test('an option that it does not know must be told', async () => {
  const server = run(['--fast']);
  assert.equal(await server.ended, 64);
  assert.equal(server.output, 'script/server does not know --fast: see script/server --help.\n');
});

test('it must run through a symbolic link, from any folder', async () => {
  symlinkSync(path.join(tree, 'script/server'), path.join(tree, 'script/link'));
  assert.equal(await run(['--help'], {}, 'link').ended, 0);
});

test('script/key must say what to do while nothing is built', async () => {
  const key = run(['list'], {}, 'key');
  assert.equal(await key.ended, 69);
  assert.equal(key.output, 'Berth is not set up here yet: run script/server first.\n');
});

function run(args = [], env = {}, script = 'server') {
  const given = {
    TREE: tree,
    PATH: `${tree}/bin:${path.dirname(process.execPath)}:${process.env.PATH}`,
    HOST: '127.0.0.1',
    PORT: String(port),
    DATA_DIR: path.join(tree, 'data'),
    DOCKER_HOST: `unix://${tree}/engine.sock`,
    ...env,
  };
  const child = spawn(path.join(tree, 'script', script), args, { cwd: '/', env: { ...process.env, ...given } });
  const entry = { child, output: '', ended: once(child, 'close').then(([code]) => code) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (entry.output += chunk));
  children.push(entry);
  return entry;
}

async function started() {
  const server = run();
  await eventually(() => {
    assert.equal(server.child.exitCode, null, server.output);
    return server.output.includes('Berth is running.');
  });
  return server;
}

function end({ child, ended }) {
  child.kill('SIGTERM');
  return ended;
}

async function eventually(check, withinMs = 30_000) {
  for (const end = Date.now() + withinMs; !check(); await delay(20))
    assert.ok(Date.now() < end, `not within ${withinMs} ms: ${check}`);
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address();
  probe.close();
  await once(probe, 'close');
  return free;
}

function npmCalls() {
  const log = path.join(tree, 'npm.log');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
}

function apiOf({ output }) {
  return Number(/^api (\d+)$/m.exec(output)[1]);
}

function isAlive(pid) {
  return existsSync(`/proc/${pid}`) && !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

function put(file, text) {
  writeFileSync(path.join(tree, file), text);
}
