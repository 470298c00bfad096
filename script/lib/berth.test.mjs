/**
 * script/berth in a tree of its own, with stand-ins for the API, script/key and the command line: which login it gives.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPTS = fileURLToPath(new URL('..', import.meta.url));
const KEY = `import { appendFileSync } from 'node:fs';
appendFileSync(process.env.TREE + '/minted', process.argv.slice(2).join(' ') + '\\n');
console.log('key-' + process.env.MINTS);`;
const PROGRAM = `import { readFileSync } from 'node:fs';
const { BERTH_URL: url, BERTH_API_KEY: key } = process.env;
const seen = readFileSync('/proc/self/environ', 'utf8') + readFileSync('/proc/self/cmdline', 'utf8');
console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), url, key, isSeen: Boolean(key) && seen.includes(key) }));`;

let tree;
let api;
let accepted;

before(() => {
  tree = mkdtempSync(path.join(tmpdir(), 'berth-launcher-'));
  cpSync(SCRIPTS, path.join(tree, 'script'), { recursive: true });
  for (const folder of ['backend/node_modules/.bin', 'backend/dist/cli', 'backend/dist/clients/cli/src'])
    mkdirSync(path.join(tree, folder), { recursive: true });
  symlinkSync(process.execPath, path.join(tree, 'backend/node_modules/.bin/node'));
  put('backend/package.json', '{"type": "module"}');
  put('backend/dist/cli/key.js', KEY);
  put('backend/dist/clients/cli/src/berth.js', PROGRAM);
});

after(() => rmSync(tree, { recursive: true }));

afterEach(() => {
  api.close();
});

beforeEach(async () => {
  for (const name of ['data', 'home', 'minted']) rmSync(path.join(tree, name), { recursive: true, force: true });
  for (const name of ['data', 'home']) mkdirSync(path.join(tree, name));
  accepted = 'key-first';
  api = createServer((request, response) => {
    const isMe = request.url === '/auth/me';
    response.writeHead(isMe && request.headers['x-api-key'] !== accepted ? 401 : 200).end();
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
});

test('the operator must be logged in without a word, in the folder where they are', async () => {
  const { out, err, code } = await berth(['deploy', 'examples/hello', '--env', 'hello']);
  assert.deepEqual([code, err], [0, '']);
  assert.deepEqual(JSON.parse(out), {
    args: ['deploy', 'examples/hello', '--env', 'hello'],
    cwd: path.join(tree, 'home'),
    url: url(),
    key: 'key-first',
    isSeen: false,
  });
  assert.equal(minted(), 'create --telegram-id 1 --scopes ALL\n');
});

test('the key must be kept for its owner only, and used again', async () => {
  await berth(['ps']);
  assert.equal(statSync(path.join(tree, 'data/operator.key')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(path.join(tree, 'data')), ['operator.key']);
  assert.equal(JSON.parse((await berth(['ps'])).out).key, 'key-first');
  assert.equal(minted().split('\n').length, 2);
});

test('a key that was revoked must be replaced', async () => {
  await berth(['ps']);
  accepted = 'key-second';
  const { out } = await berth(['ps'], { MINTS: 'second' });
  assert.equal(JSON.parse(out).key, 'key-second');
  assert.equal(readFileSync(path.join(tree, 'data/operator.key'), 'utf8'), 'key-second\n');
});

test('a login of the user must win, by the environment and by berth login', async () => {
  const { out } = await berth(['ps'], { BERTH_URL: 'https://berth.example.com', BERTH_API_KEY: 'mine' });
  assert.deepEqual([JSON.parse(out).url, JSON.parse(out).key], ['https://berth.example.com', 'mine']);
  mkdirSync(path.join(tree, 'home/.config/berth'), { recursive: true });
  put('home/.config/berth/login.json', '{}');
  assert.equal(JSON.parse((await berth(['ps'])).out).key, undefined);
  assert.throws(minted);
});

test('help must need neither a server nor a key', async () => {
  api.close();
  for (const args of [[], ['help'], ['deploy', '--help'], ['login', 'https://berth.example.com']])
    assert.deepEqual(JSON.parse((await berth(args)).out).args, args);
  assert.throws(minted);
});

test('a server that does not run must be told in a sentence, with a kept key and without', async () => {
  await berth(['ps']);
  const address = url();
  api.close();
  const told = new RegExp(
    `^Berth does not answer at ${address} \\(nothing listens there\\): start it with script/server\\.\n$`,
  );
  assert.match((await berth(['ps'], {}, address)).err, told);
  rmSync(path.join(tree, 'data/operator.key'));
  const { err, code } = await berth(['ps'], {}, address);
  assert.match(err, told);
  assert.notEqual(code, 0);
});

test('a word after -- must not count as an option', async () => {
  const { out } = await berth(['deploy', '--env', 'hello', '--', '--help']);
  assert.equal(JSON.parse(out).key, 'key-first');
});

test('completion must know names with a server, and must not fail without one', async () => {
  assert.equal(JSON.parse((await berth(['__complete', 'ps', ''])).out).key, 'key-first');
  api.close();
  rmSync(path.join(tree, 'data/operator.key'));
  const { out, err, code } = await berth(['__complete', 'ps', '--help']);
  assert.deepEqual([JSON.parse(out).args, err, code], [['__complete', 'ps', '--help'], '', 0]);
});

test('who cannot keep a key must be told how to log in', async () => {
  rmSync(path.join(tree, 'data'), { recursive: true });
  const { err, code } = await berth(['ps']);
  assert.notEqual(code, 0);
  assert.match(err, /^You are not logged in, .*script\/berth login URL\.\n$/);
  assert.doesNotMatch(err, /key-first/);
});

test('it must say what to do while nothing is built', async () => {
  const program = path.join(tree, 'backend/dist/clients/cli/src/berth.js');
  rmSync(program);
  const { err, code } = await berth(['ps']);
  writeFileSync(program, PROGRAM);
  assert.deepEqual([code, err], [69, 'Berth is not set up here yet: run script/server first.\n']);
});

async function berth(args, env = {}, address = api.listening ? url() : 'http://127.0.0.1:9') {
  const given = {
    TREE: tree,
    MINTS: 'first',
    PATH: process.env.PATH,
    HOME: path.join(tree, 'home'),
    DATA_DIR: path.join(tree, 'data'),
    PORT: new URL(address).port,
    ...env,
  };
  const child = spawn(path.join(tree, 'script/berth'), args, { cwd: given.HOME, env: given });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const [code] = await once(child, 'close');
  return { out, err, code };
}

function url() {
  return `http://127.0.0.1:${api.address().port}`;
}

function minted() {
  return readFileSync(path.join(tree, 'minted'), 'utf8');
}

function put(file, text) {
  writeFileSync(path.join(tree, file), text);
}
