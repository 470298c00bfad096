import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS, usageOf } from './commands.js';
import { completion } from './completion.js';
import { Failure } from './failure.js';
import { outcome } from './follow.js';
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

test('a deployment that has FAILED must be a failure with its reason', () => {
  const deployment = { name: 'web', status: 'RUNNING', environment: { name: 'shop' }, ports: [] };
  const url = 'http://127.0.0.1:3000';
  assert.equal(outcome(deployment as never, url), 'web is RUNNING in shop.\n');
  const failed = { ...deployment, status: 'FAILED', errorCode: 'IMAGE_NOT_FOUND', errorMessage: 'no such image' };
  assert.throws(
    () => outcome(failed as never, url),
    (error) => error instanceof Failure && error.message === 'web is FAILED (IMAGE_NOT_FOUND): no such image',
  );
});

test('the help must name every command, and completion must offer it', () => {
  for (const name of Object.keys(COMMANDS)) {
    assert.match(usageOf(), new RegExp(`^  berth ${name} `, 'm'));
    for (const shell of ['bash', 'zsh', 'fish'])
      assert.match(completion(shell, Object.keys(COMMANDS)), new RegExp(name));
  }
  assert.doesNotMatch(usageOf('logs'), /berth deploy/);
});
