import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { writePrivately } from './private-file.js';

const dir = mkdtempSync(path.join(tmpdir(), 'berth-private-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('a private file must be readable by its owner only, and never written through a link', () => {
  const file = path.join(dir, 'file');
  writePrivately(file, 'text');
  expect(readFileSync(file, 'utf8')).toBe('text');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(() => writePrivately(file, 'other')).toThrow(/EEXIST/);
  const planted = path.join(dir, 'planted');
  symlinkSync(path.join(dir, 'elsewhere'), planted);
  expect(() => writePrivately(planted, 'secret')).toThrow(/EEXIST/);
  expect(existsSync(path.join(dir, 'elsewhere'))).toBe(false);
});
