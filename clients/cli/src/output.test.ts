import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { urlOf } from './address.js';
import { Api, refusal, unreachable } from './api.js';
import { COMMANDS, usageOf } from './commands.js';
import { timeoutMsOf } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { follow, outcome } from './follow.js';
import { entryOf } from './logs.js';
import { addressFor } from './open.js';
import { age, table } from './output.js';
import { planText } from './plan.js';

test('columns must be as wide as their widest cell, without trailing spaces', () => {
  const rows = [
    ['web', 'RUNNING'],
    ['a-long-name', 'FAILED'],
  ];
  assert.equal(table(['NAME', 'STATUS'], rows), 'NAME         STATUS\nweb          RUNNING\na-long-name  FAILED\n');
});

test('an age must have a readable unit', () => {
  const ago = (seconds: number) => age(new Date(Date.now() - seconds * 1000));
  assert.deepEqual([ago(5), ago(300), ago(7200), ago(864_000), ago(-60)], ['5 s', '5 m', '2 h', '10 d', '0 s']);
});

test('a deployment that is not RUNNING must be a failure of its kind, with the reason', () => {
  const deployment = { name: 'web', status: 'RUNNING', environment: { name: 'shop' }, ports: [] };
  const url = 'http://127.0.0.1:3000';
  const rejects = (changes: object, exitCode: number, message: RegExp) =>
    assert.throws(
      () => outcome({ ...deployment, ...changes } as never, url),
      (error) => error instanceof Failure && error.exitCode === exitCode && message.test(error.message),
    );
  assert.equal(outcome(deployment as never, url), 'web is RUNNING in shop.\n');
  const failed = { status: 'FAILED', errorCode: 'IMAGE_NOT_FOUND', errorMessage: 'no such image' };
  rejects(failed, EXIT.failed, /^web is FAILED \(IMAGE_NOT_FOUND\): no such image$/);
  rejects({ status: 'STOPPED' }, EXIT.failed, /^web is STOPPED/);
  rejects({ status: 'PULLING_IMAGE' }, EXIT.timeout, /^web is still PULLING_IMAGE\. It continues/);
});

test('an error response must be a failure of its kind, with its fields and the next step', () => {
  const kinds = [400, 401, 403, 404, 409, 410, 429, 500, 502, 503, 504].map((status) => refusal({}, status).exitCode);
  const { refused, unauthorized, notFound, unreachable: down } = EXIT;
  assert.deepEqual(kinds, [
    ...[refused, unauthorized, unauthorized, notFound, refused, notFound, refused, refused],
    ...[down, down, down],
  ]);
  const problem = {
    detail: 'No.',
    code: 'VALIDATION_FAILED',
    errors: [{ path: 'name', message: 'is long' }],
    hint: 'Do.',
  };
  assert.equal(refusal(problem as never, 400).message, 'No. (VALIDATION_FAILED)\n  name is long\nDo.');
  assert.equal(refusal({}, 500).message, 'The API answered 500.');
  const { exitCode, message } = unreachable('http://x', new Error('fetch failed', { cause: new Error('refused') }));
  assert.deepEqual([exitCode, message], [EXIT.unreachable, 'http://x does not answer: refused']);
});

test('a timeout must have something to limit', () => {
  assert.deepEqual([timeoutMsOf({}), timeoutMsOf({ wait: true, timeout: '10m' })], [Infinity, 600_000]);
  assert.throws(() => timeoutMsOf({ timeout: '10m' }), /--timeout limits --wait/);
  assert.throws(() => timeoutMsOf({ wait: true, timeout: 'soon' }), /--timeout soon/);
});

test('the URL for visitors must be the public domain, else a TCP host port', () => {
  const ports = [{ container: 53, host: 53, protocol: 'udp' }, { container: 80 }, { container: 81, host: 8081 }];
  const deployment = (publicDomain: string | null) => ({ ports, environment: { publicDomain } }) as never;
  assert.equal(urlOf(deployment('shop.example.com'), 'https://berth.example.com'), 'https://shop.example.com');
  assert.equal(urlOf(deployment(null), 'https://berth.example.com'), 'http://berth.example.com:8081');
  assert.equal(urlOf({ ports: [], environment: { publicDomain: null } }, 'http://127.0.0.1:3000'), undefined);
});

test('with a name, the URL must be one of that deployment', () => {
  const web = { name: 'web', status: 'RUNNING', ports: [] };
  const api = { name: 'api', status: 'RUNNING', ports: [{ container: 80, host: 8081 }] };
  const of = (publicDomain: string | null, name?: string, releases: object[] = [web, api]) =>
    addressFor({ name: 'shop', publicDomain }, releases as never, name, 'http://127.0.0.1:3000');
  assert.equal(of('shop.example.com'), 'https://shop.example.com');
  assert.equal(of('shop.example.com', 'web'), 'https://shop.example.com');
  assert.equal(of('shop.example.com', 'api'), 'http://127.0.0.1:8081');
  assert.equal(of(null), 'http://127.0.0.1:8081');
  assert.throws(() => of('shop.example.com', 'nobody'), /There is no RUNNING deployment nobody/);
  assert.throws(() => of(null, 'web'), /web has no public domain and nothing RUNNING with a host port/);
  assert.throws(() => of(null, undefined, [api, { ...api, name: 'db' }]), /NAME is missing: api, db have host ports/);
});

test('a dry run must show the build with its warnings, and the fields that change', () => {
  const plan = { name: 'web', strategy: 'START_FIRST', replaces: null, steps: ['ResolveImage', 'PullImage'] };
  const build = { method: 'DETECTED', detected: 'Node.js 24', reasons: ['package.json'], warnings: ['no lock file'] };
  const changes = [{ path: 'envVars.A', change: 'ADDED' }];
  assert.equal(planText({ ...plan, build: null } as never), 'web replaces nothing: ResolveImage, PullImage.\n');
  assert.equal(
    planText({ ...plan, replaces: 'd1', build, changes } as never),
    'web replaces d1, START_FIRST: ResolveImage, PullImage.\n' +
      '  built with Node.js 24\n  package.json\n  warning: no lock file\n  added envVars.A\n',
  );
});

test('waiting must continue while the API is unavailable, and a page must be an error', async () => {
  const answers = [
    { status: 502, type: 'text/html', text: '<h1>Bad Gateway</h1>' },
    { status: 200, type: 'application/json', text: '{"deployment":{"name":"web","status":"RUNNING"}}' },
    { status: 200, type: 'text/html', text: '<h1>Another site</h1>' },
  ];
  const server = createServer(({ url }, response) => {
    const isPoll = url?.includes('/events') !== true;
    const { status, type, text } = (isPoll ? answers.shift() : undefined) ?? {
      status: 404,
      type: 'text/html',
      text: '',
    };
    response.writeHead(status, { 'Content-Type': type, Connection: 'close' }).end(text);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const api = new Api({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'k' });
    assert.equal((await follow(api, 'job')).status, 'RUNNING');
    await assert.rejects(
      api.allEnvironments(),
      (error) =>
        error instanceof Failure && error.exitCode === EXIT.unreachable && /answers with a page/.test(error.message),
    );
  } finally {
    server.close();
  }
});

test('a line of a log must be split into time and text', () => {
  const time = '2026-01-02T03:04:05.678Z';
  assert.deepEqual(entryOf(`${time} GET / 200`), { time, text: 'GET / 200' });
  assert.deepEqual(entryOf(`${time} `), { time, text: '' });
  assert.deepEqual(entryOf('no time'), { time: null, text: 'no time' });
});

test('the help must name every command and every exit code', () => {
  for (const name of Object.keys(COMMANDS)) assert.match(usageOf(), new RegExp(`^  berth ${name} `, 'm'));
  for (const code of Object.values(EXIT)) assert.match(usageOf(), new RegExp(`[ \n]${code} `));
  assert.doesNotMatch(usageOf('logs'), /berth deploy/);
});
