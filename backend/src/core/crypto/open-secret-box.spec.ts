import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { ConfigError } from '#src/config/environment.js';
import type { PlatformSettingsRepository } from '#src/core/database/platform-settings.repository.js';
import { openSecretBox } from './open-secret-box.js';
import type { SealedRows } from './sealed-rows.js';

const OTHER_KEY = 'ab'.repeat(32);
let dir: string;
let stored: Map<string, string>;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'berth-key-'));
  stored = new Map();
});
afterEach(() => rmSync(dir, { recursive: true }));

function open(env: NodeJS.ProcessEnv = {}, sample?: { sealed: string; context: string }) {
  const settings = {
    find: (name: string) => Promise.resolve(stored.get(name)),
    saveFirst: (name: string, value: string) => {
      if (!stored.has(name)) stored.set(name, value);
      return Promise.resolve(stored.get(name));
    },
  } as unknown as PlatformSettingsRepository;
  const rows = { sample: () => Promise.resolve(sample) } as unknown as SealedRows;
  return openSecretBox(Config.load({ DATA_DIR: dir, ...env }, '/no/such/file'), settings, rows);
}

describe('the start with a database', () => {
  it('must create the key of an empty one, and open it again', async () => {
    const sealed = (await open()).seal('secret', 'row');
    expect((await open()).open(sealed, 'row')).toBe('secret');
  });

  it('must be refused without the key, and leave no new one behind', async () => {
    const box = await open();
    const sample = { sealed: box.seal('{}', 'row'), context: 'row' };
    rmSync(path.join(dir, 'encryption.key'));
    await expect(open()).rejects.toThrow(/encryption key is missing: .*encryption\.key/);
    await expect(open()).rejects.toThrow(ConfigError);
    stored.clear();
    await expect(open({}, sample)).rejects.toThrow(ConfigError);
    expect(existsSync(path.join(dir, 'encryption.key'))).toBe(false);
  });

  it('must be refused with another key, also when an earlier version has filled it', async () => {
    const box = await open();
    const sample = { sealed: box.seal('{}', 'row'), context: 'row' };
    await expect(open({ ENCRYPTION_KEY: OTHER_KEY })).rejects.toThrow('ENCRYPTION_KEY is not the encryption key');
    stored.clear();
    await expect(open({ ENCRYPTION_KEY: OTHER_KEY }, sample)).rejects.toThrow(ConfigError);
    expect(stored.size).toBe(0);
    expect((await open({}, sample)).open(sample.sealed, 'row')).toBe('{}');
    expect(stored.size).toBe(1);
  });
});
