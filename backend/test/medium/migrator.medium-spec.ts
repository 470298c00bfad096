import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { migrate } from '#src/core/database/migrator.js';
import { OwnPostgres } from '../scenario/own-postgres.js';

const BACKEND = path.resolve(import.meta.dirname, '../..');
const PRODUCT = path.join(BACKEND, 'prisma/migrations');
const postgres = new OwnPostgres();
let serverUrl = '';
let databases = 0;
let url = '';
let migrations = '';

beforeAll(async () => {
  serverUrl = await postgres.start();
});

beforeEach(async () => {
  const name = `case_${++databases}`;
  await query(serverUrl, `CREATE DATABASE ${name}`);
  url = serverUrl.replace('/berth?', `/${name}?`);
  migrations = path.join(postgres.folder, name);
  write('1_boats', "CREATE TABLE boats (name text DEFAULT 'a;b'); INSERT INTO boats VALUES ('one');");
  write('2_masts', 'ALTER TABLE boats ADD COLUMN masts int;');
});

afterAll(async () => {
  await postgres.stop();
});

it('must apply each migration once, in order', async () => {
  expect(await migrate(url, migrations)).toEqual({ applied: ['1_boats', '2_masts'] });
  expect(await migrate(url, migrations)).toEqual({ applied: [] });
  write('3_sails', 'ALTER TABLE boats ADD COLUMN sails int;');
  expect(await migrate(url, migrations)).toEqual({ applied: ['3_sails'] });
  expect(await query(url, 'SELECT * FROM boats')).toEqual([{ name: 'one', masts: null, sails: null }]);
});

it('must apply each migration once when several instances start together', async () => {
  const results = await Promise.all([1, 2, 3].map(() => migrate(url, migrations)));
  expect(results.flatMap(({ applied }) => applied)).toEqual(['1_boats', '2_masts']);
});

it("Prisma's own tool must agree with what was applied", async () => {
  await migrate(url, PRODUCT);
  expect(await prisma('migrate', 'status')).toContain('Database schema is up to date');
  expect(await prisma('migrate', 'deploy')).toContain('No pending migrations');
  expect(
    await prisma('migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema.prisma', '--exit-code'),
  ).toContain('No difference detected');
});

it("must agree with what Prisma's own tool applied", async () => {
  await prisma('migrate', 'deploy');
  expect(await migrate(url, PRODUCT)).toEqual({ applied: [] });
});

it('a failing migration must be rolled back and named, and what came before it must stay', async () => {
  write('3_broken', 'CREATE TABLE half (n int); SELECT nonsense;');
  await expect(migrate(url, migrations)).rejects.toThrow(
    'migration 3_broken failed and was rolled back: column "nonsense" does not exist',
  );
  expect(await query(url, "SELECT to_regclass('half') AS half, to_regclass('boats')::text AS boats")).toEqual([
    { half: null, boats: 'boats' },
  ]);
  write('3_broken', 'CREATE TABLE half (n int);');
  expect(await migrate(url, migrations)).toEqual({ applied: ['3_broken'] });
});

it('must refuse a database that a newer version has written, and leave it as it is', async () => {
  write('3_newer', 'ALTER TABLE boats ADD COLUMN newer int;');
  await migrate(url, migrations);
  rmSync(path.join(migrations, '3_newer'), { recursive: true });
  write('2_other', 'DROP TABLE boats;');
  await expect(migrate(url, migrations)).rejects.toThrow(/database is newer than this version.*3_newer/);
  expect(await query(url, 'SELECT name FROM boats')).toEqual([{ name: 'one' }]);
});

it('must refuse a database in which a migration failed earlier', async () => {
  await migrate(url, migrations);
  await query(url, "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_masts'");
  await expect(migrate(url, migrations)).rejects.toThrow(/migration 2_masts failed earlier/);
});

it('must not take tables that came otherwise for its own', async () => {
  await query(url, 'CREATE TABLE boats (n int)');
  await expect(migrate(url, migrations)).rejects.toThrow(
    /migration 1_boats failed and was rolled back: .*already exists/,
  );
});

it('must say which folder holds no migrations', async () => {
  await expect(migrate(url, path.join(postgres.folder, 'nowhere'))).rejects.toThrow(/nowhere/);
});

function write(name: string, sql: string): void {
  mkdirSync(path.join(migrations, name), { recursive: true });
  writeFileSync(path.join(migrations, name, 'migration.sql'), sql);
}

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function prisma(...args: string[]): Promise<string> {
  const cli = path.join(BACKEND, 'node_modules/prisma/build/index.js');
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], {
    cwd: BACKEND,
    env: { ...process.env, DATABASE_URL: url, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  });
  return stdout;
}
