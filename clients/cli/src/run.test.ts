import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodeOf, sentenceOf } from './run.js';

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

test('berth run must say how the command ended, with advice and without the lines that it has printed', () => {
  const sentence = 'The command ended with exit code 1.';
  assert.equal(sentenceOf({ status: 'FAILED', errorMessage: `${sentence}\nLast lines:\na\nb` }), sentence);
  assert.equal(
    sentenceOf({ status: 'FAILED', errorMessage: `${sentence}\nLast lines:\na\nb\nAdvice: Raise it.` }),
    `${sentence}\nAdvice: Raise it.`,
  );
  assert.equal(sentenceOf({ status: 'CANCELLED', errorMessage: null }), 'The run is CANCELLED.');
});
