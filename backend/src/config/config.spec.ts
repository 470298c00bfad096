import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Config } from './config.js';
import { ConfigError } from './environment.js';

const load = (env: NodeJS.ProcessEnv) => Config.load(env, '/no/such/file');

describe('the configuration', () => {
  it('must have a default for every setting', () => {
    const { http, limits, deploy, hostPorts, resources } = load({});
    expect(http).toEqual({
      host: '127.0.0.1',
      port: 3000,
      publicBaseUrl: 'http://127.0.0.1:3000',
      hasDashboard: true,
    });
    expect(limits).toEqual({ windowMs: 60_000, general: 100, deploy: 5, gitDeploy: 3, run: 30, authFailures: 20 });
    expect(deploy).toEqual({ stabilityWindowMs: 2000, deadlineMs: 600_000, drainSeconds: 10 });
    expect(hostPorts).toEqual({ first: 1024, last: 65_535 });
    expect(resources.default).toEqual({ cpus: 1, memoryMb: 512, pids: 256 });
  });

  it('must list every problem at once, naming keys and never values', () => {
    const secret = 'hunter2';
    try {
      load({
        PORT: 'abc',
        ENCRYPTION_KEY: secret,
        HOST_PORT_RANGE: '9-1',
        DATABASE_URL: `mysql://u:${secret}@h/d`,
        DEFAULT_CPUS: '9',
      });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      const { problems } = error as ConfigError;
      for (const key of ['PORT', 'ENCRYPTION_KEY', 'HOST_PORT_RANGE', 'DATABASE_URL'])
        expect(
          problems.some((problem) => problem.startsWith(`${key} `)),
          key,
        ).toBe(true);
      expect(problems.join('\n')).not.toContain(secret);
    }
  });

  it('must take a secret from a file, and say which cannot be read', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-config-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'password');
    writeFileSync(file, 'p@ss/word\n');
    const { data } = load({ DATABASE_URL: 'postgresql://berth@db:5432/berth', DATABASE_PASSWORD_FILE: file });
    expect(data.databaseUrl).toBe('postgresql://berth:p%40ss%2Fword@db:5432/berth');
    expect(() => load({ ENCRYPTION_KEY_FILE: '/no/such/file' })).toThrow('ENCRYPTION_KEY_FILE cannot be read: ENOENT');
    expect(() => load({ DATABASE_PASSWORD: 'x' })).toThrow('DATABASE_PASSWORD is given without DATABASE_URL');
  });

  it('must refuse a default above its maximum', () => {
    expect(() => load({ DEFAULT_MEMORY_MB: '5000' })).toThrow('DEFAULT_MEMORY_MB must not exceed MAX_MEMORY_MB');
  });
});
