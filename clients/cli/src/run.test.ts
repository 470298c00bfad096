import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodeOf } from './run.js';

test('berth run must end with the exit code of the command', () => {
  assert.equal(exitCodeOf({ status: 'SUCCEEDED', exitCode: 0 }), 0);
  assert.equal(exitCodeOf({ status: 'FAILED', exitCode: 7 }), 7);
  assert.equal(exitCodeOf({ status: 'FAILED', exitCode: 137 }), 137);
});

test('berth run must not end with 0 when the command did not succeed', () => {
  assert.equal(exitCodeOf({ status: 'FAILED', exitCode: null }), 1);
  assert.equal(exitCodeOf({ status: 'TIMED_OUT', exitCode: null }), 124);
  assert.equal(exitCodeOf({ status: 'CANCELLED', exitCode: null }), 130);
});
