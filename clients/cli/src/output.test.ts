import assert from 'node:assert/strict';
import { test } from 'node:test';
import { urlOf } from './address.js';
import { refusal, unreachable } from './api.js';
import { COMMANDS, usageOf } from './commands.js';
import { timeoutMsOf } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { outcome } from './follow.js';
import { entryOf } from './logs.js';
import { age, table } from './output.js';

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
