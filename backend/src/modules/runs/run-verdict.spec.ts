import { expect, it } from 'vitest';
import { timedOut, verdictOf } from './run-verdict.js';

const silent = { lines: [], volumePaths: [] };

it('must succeed only when the task is complete', () => {
  expect(verdictOf({ state: 'complete', exitCode: 0, error: undefined }, silent)).toEqual({
    outcome: 'SUCCEEDED',
    exitCode: 0,
    errorCode: null,
    errorMessage: null,
  });
  for (const state of ['failed', 'rejected', 'shutdown', 'remove', 'orphaned'] as const)
    expect(verdictOf({ state, exitCode: undefined, error: 'x' }, silent).outcome, state).toBe('FAILED');
});

it('must keep the exit code of a command, and have none for one that was not started', () => {
  expect(verdictOf({ state: 'failed', exitCode: 137, error: 'task: non-zero exit (137)' }, silent)).toMatchObject({
    exitCode: 137,
    errorCode: 'COMMAND_FAILED',
    errorMessage: expect.stringContaining('out of memory or killed') as string,
  });
  expect(verdictOf({ state: 'rejected', exitCode: 0, error: 'No such image' }, silent)).toMatchObject({
    exitCode: null,
    errorCode: 'NOT_STARTED',
  });
});

it('must say that a run whose task was lost may have begun', () => {
  for (const state of ['shutdown', 'remove', 'orphaned'] as const)
    expect(verdictOf({ state, exitCode: 137, error: undefined }, silent)).toMatchObject({
      errorCode: 'RUN_LOST',
      errorMessage: expect.stringContaining('is not begun again') as string,
    });
});

it('must name the timeout and end with the last lines', () => {
  expect(timedOut(60, {}).errorMessage).toBe('The command did not end within 60 s.');
  expect(timedOut(60, { lines: ['step 1', 'step 2'] }).errorMessage).toMatch(/60 s\.\nLast lines:\nstep 1\nstep 2$/);
  const waiting = timedOut(60, { waitingFor: 'no suitable node (insufficient resources on 1 node)' });
  expect(waiting.errorMessage).toBe(
    'The command could not be started within 60 s: no suitable node (insufficient resources on 1 node).',
  );
});
