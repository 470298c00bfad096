import { expect, it } from 'vitest';
import { commandFailure } from './command-failure.js';

const failed = (exitCode: number) => ({ state: 'failed', exitCode, error: 'task: non-zero exit' }) as const;
const silent = { lines: [], volumePaths: [] };

it('must say how a command ended, and by which signal', () => {
  expect(commandFailure('command', failed(3), silent)).toBe('The command ended with exit code 3. It printed nothing.');
  expect(commandFailure('command', failed(137), silent)).toContain('exit code 137 (SIGKILL): out of memory or killed.');
  expect(commandFailure('command', failed(143), silent)).toContain('exit code 143 (SIGTERM).');
  expect(commandFailure('command', failed(255), silent)).toContain('exit code 255.');
});

it('must name the memory limit when that ended it', () => {
  const text = commandFailure('command', failed(137), { ...silent, oomKilled: true });
  expect(text).toContain('exit code 137: out of memory.');
  expect(text).toContain('Raise resources.memoryMb.');
});

it('must end with the last lines', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const text = commandFailure('release command', failed(1), { lines, volumePaths: [] });
  expect(text).toMatch(/^The release command ended with exit code 1\.\nLast lines:\nline 10\n[^]*line 29$/);
});

it('must give the reason of the Engine when it was not started', () => {
  const task = { state: 'rejected', exitCode: undefined, error: 'No such image: web@sha256:1' } as const;
  expect(commandFailure('command', task, silent)).toContain('could not be started: No such image: web@sha256:1');
});
