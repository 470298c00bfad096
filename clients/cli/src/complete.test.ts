import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from './commands.js';
import { candidates } from './complete.js';
import { completion } from './completion.js';

const asked: (string | undefined)[] = [];
const NAMES = {
  environments: () => Promise.resolve(['shop', 'staging']),
  deployments: (environment: string | undefined) => {
    asked.push(environment);
    return Promise.resolve(['web', 'worker', '$(touch pwned)', '--env']);
  },
};
const of = (...words: string[]) => candidates(words, COMMANDS, NAMES);

test('commands, actions and options must be offered', async () => {
  for (const name of Object.keys(COMMANDS)) assert.ok((await of('')).includes(name));
  assert.deepEqual(await of('env', ''), ['create', 'delete']);
  assert.deepEqual(await of('keys', 're'), ['revoke']);
  assert.deepEqual(await of('completion', 'z'), ['zsh']);
  assert.deepEqual(await of('logs', 'web', '--f'), ['--follow']);
  assert.deepEqual(await of('constructor', ''), []);
});

test('environments must be offered where one is wanted', async () => {
  assert.deepEqual(await of('ps', '--env', ''), ['shop', 'staging']);
  assert.deepEqual(await of('set', 'web', '-e', 'st'), ['staging']);
  assert.deepEqual(await of('env', 'delete', 'sh'), ['shop']);
  assert.deepEqual(await of('promote', 'web', '--to', 'st'), ['staging']);
  for (const words of [['--env=shop'], ['--env', '=', 'shop']])
    assert.deepEqual(await of('logs', ...words, 'wo'), ['worker']);
  assert.deepEqual(await of('ps', '--env', '=', 'st'), ['staging']);
  assert.deepEqual(await of('rollback', 'web', '--to', ''), []);
  assert.deepEqual(await of('keys', 'create', '--env', ''), ['shop', 'staging']);
});

test('deployments of the environment of the line must be offered, and nothing that a shell expands', async () => {
  asked.length = 0;
  for (const command of ['logs', 'set', 'redeploy', 'promote', 'rollback', 'stop', 'start', 'delete', 'open', 'deploy'])
    assert.deepEqual(await of(command, '--env', 'shop', 'w'), ['web', 'worker'], command);
  assert.deepEqual([...new Set(asked)], ['shop']);
  assert.deepEqual(await of('logs', '--tail', '5', 'wo'), ['worker']);
  assert.deepEqual(await of('logs', '--tail', ''), []);
  assert.deepEqual(await of('logs', 'web', ''), []);
  assert.deepEqual(await of('set', '--env', 'shop', '$'), []);
});

test('bash must complete with what the program prints', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-completion-'));
  const program = path.join(folder, 'berth');
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@" >"${folder}/arguments"\nprintf 'web\\nworker\\nother\\n'\n`);
  chmodSync(program, 0o755);
  const line =
    'COMP_WORDS=(berth logs --env "a b" w); COMP_CWORD=4; _berth; printf "%s," "${COMPREPLY[@]}"; cat arguments';
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${completion('bash')}${line}`], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    encoding: 'utf8',
  });
  assert.deepEqual([status, stderr, stdout], [0, '', 'web,worker,__complete\nlogs\n--env\na b\nw\n']);
  rmSync(folder, { recursive: true });
});

test('every shell that is named must have a script, and others an error', () => {
  for (const shell of ['bash', 'zsh', 'fish']) assert.match(completion(shell), /berth.*__complete|__complete.*words/s);
  assert.throws(() => completion('cmd'), /must be bash, zsh or fish/);
});
