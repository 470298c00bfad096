import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { SecretBox } from './secret-box.js';

const dir = mkdtempSync(path.join(tmpdir(), 'berth-secret-'));
const boxWith = (env: NodeJS.ProcessEnv) => new SecretBox(Config.load({ DATA_DIR: dir, ...env }, '/no/such/file'));

describe('secrets at rest', () => {
  afterAll(() => rmSync(dir, { recursive: true }));

  it('must open only what was sealed, in its own context, with its own key', () => {
    const box = boxWith({});
    const sealed = box.seal('hunter2', 'row/1');
    expect(sealed).not.toContain('hunter2');
    expect(box.open(sealed, 'row/1')).toBe('hunter2');
    expect(box.seal('hunter2', 'row/1')).not.toBe(sealed);
    expect(() => box.open(sealed, 'row/2')).toThrow();
    expect(() => box.open(`${sealed.slice(0, -2)}AA`, 'row/1')).toThrow();
    expect(() => boxWith({ ENCRYPTION_KEY: 'ab'.repeat(32) }).open(sealed, 'row/1')).toThrow();
  });

  it('must create the key once, readable by its owner only', () => {
    const file = path.join(dir, 'encryption.key');
    const key = readFileSync(file, 'utf8');
    boxWith({});
    expect(readFileSync(file, 'utf8')).toBe(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
