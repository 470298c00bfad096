import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { gitFinding } from './engine-git.js';

const dir = mkdtempSync(path.join(tmpdir(), 'berth-git-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('an engine that would find git must be reported, unless it finds the one that refuses first', () => {
  const [ours, theirs] = [path.join(dir, 'ours'), path.join(dir, 'theirs')];
  for (const folder of [ours, theirs]) {
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'git'), '');
  }
  expect(gitFinding(`${ours}:${theirs}`, ours)).toMatchObject([{ state: 'ok' }]);
  expect(gitFinding(`${theirs}:${ours}`, ours)).toMatchObject([{ state: 'warn' }]);
  expect(gitFinding(dir, ours)).toEqual([]);
  expect(gitFinding(undefined, ours)).toEqual([]);
});
