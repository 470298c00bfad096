/** The GitHub action .github/actions/deploy: its inputs become arguments, never a part of a script. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from './build.mjs';

const ACTION = path.join(ROOT, '.github/actions/deploy');
const { commandOf, outputsOf } = await import(path.join(ACTION, 'inputs.mjs'));

const LOGIN = { INPUT_URL: 'https://berth.example.com', INPUT_KEY: 'rw_prod_k.s3cret' };
const GIVEN = { ...LOGIN, INPUT_ENVIRONMENT: 'shop', INPUT_TIMEOUT: '15m' };
const FIRST = ['deploy', '--json', '--wait', '--env=shop', '--timeout=15m'];

test('every input must become one argument, and secrets none', () => {
  const { args, input, login } = commandOf({
    ...GIVEN,
    INPUT_NAME: 'api',
    INPUT_SOURCE: './web',
    INPUT_DOCKERFILE: 'Dockerfile.prod',
    INPUT_BRANCH: 'main',
    INPUT_PORTS: '80\n8080:81\n',
    INPUT_VARIABLES: 'PASSWORD=hidden value\n',
    INPUT_HEALTH: '/health',
    INPUT_REPLICAS: '2',
  });
  assert.deepEqual(args, [
    ...FIRST,
    ...['--name=api', '--branch=main', '--dockerfile=Dockerfile.prod', '--health=/health', '--replicas=2'],
    ...['--port=80', '--port=8080:81', '--set-file=-', '--', './web'],
  ]);
  assert.equal(input, 'PASSWORD=hidden value\n');
  assert.deepEqual(login, { BERTH_URL: 'https://berth.example.com', BERTH_API_KEY: 'rw_prod_k.s3cret' });
});

test('without other inputs the workspace must be deployed, and with a tag the deployment of that name', () => {
  assert.deepEqual(commandOf(GIVEN).args, [...FIRST, '--', '.']);
  const tagged = commandOf({ ...GIVEN, INPUT_NAME: 'api', INPUT_TAG: '1.4', INPUT_SOURCE: '.' });
  assert.deepEqual(tagged.args, [...FIRST, '--tag=1.4', '--', 'api']);
});

test('a value that begins with - or holds a command must stay one value', () => {
  const hostile = { ...GIVEN, INPUT_NAME: '--help', INPUT_SOURCE: '--detach', INPUT_HEALTH: '$(touch pwned); `id`' };
  assert.deepEqual(commandOf(hostile).args, [
    ...FIRST,
    '--name=--help',
    '--health=$(touch pwned); `id`',
    '--',
    '--detach',
  ]);
});

test('an input that is missing must be named', () => {
  for (const name of ['URL', 'KEY', 'ENVIRONMENT', 'TIMEOUT'])
    assert.throws(() => commandOf({ ...GIVEN, [`INPUT_${name}`]: ' ' }), new RegExp(`input ${name.toLowerCase()} is`));
  assert.throws(() => commandOf({ ...GIVEN, INPUT_TAG: '1' }), /input name is missing/);
});

test('outputs must be one line each', () => {
  const printed = JSON.stringify({ id: 'd1', status: 'RUNNING', url: 'http://x\nstatus=FAILED' });
  assert.equal(outputsOf(printed), 'deploymentId=d1\nstatus=RUNNING\nurl=http://xstatus=FAILED\n');
  assert.equal(outputsOf('{"id":"d1","status":"FAILED","url":null}'), 'deploymentId=d1\nstatus=FAILED\nurl=\n');
  assert.equal(outputsOf(''), '');
});

test('action.yml must use inputs as variables and values of outputs only, and pass all of them', () => {
  const text = readFileSync(path.join(ACTION, 'action.yml'), 'utf8');
  const uses = text.split('\n').filter((line) => line.includes('${{'));
  const allowed =
    /^ {8}INPUT_[A-Z]+: \$\{\{ inputs\.[a-z]+ \}\}$|^ {4}value: \$\{\{ steps\.deploy\.outputs\.[A-Za-z]+ \}\}$/;
  for (const line of uses) assert.match(line, allowed);
  const declared = [...text.slice(0, text.indexOf('\noutputs:')).matchAll(/^ {2}([a-z]+):$/gm)].map(([, name]) => name);
  const passed = [...text.matchAll(/INPUT_([A-Z]+): \$\{\{ inputs\.([a-z]+) \}\}/g)];
  assert.deepEqual(passed.map(([, , name]) => name).sort(), [...declared].sort());
  for (const [, variable, name] of passed) assert.equal(variable, name.toUpperCase());
});

test('the step must end with 2 and name the input that is missing', () => {
  const { status, stderr } = spawnSync(process.execPath, [path.join(ACTION, 'deploy.mjs')], {
    env: LOGIN,
    encoding: 'utf8',
  });
  assert.deepEqual([status, stderr], [2, 'The input environment is missing.\n']);
});
