import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';

/** The advisory lock key of Prisma's own engine, so that only one process migrates at a time. */
const ADVISORY_LOCK = 72_707_369;

interface HistoryRow {
  migration_name: string;
  finished_at: Date | null;
}

/**
 * Applies the pending migrations, each in a transaction, without Prisma's CLI. The history table is the one of `prisma
 * migrate deploy` and `prisma migrate status`. With `only`, it applies only those of the pending migrations. Throws
 * when an earlier migration failed, or when the database is newer than this version.
 */
export async function migrate(
  connectionString: string,
  migrationsDir: string,
  only?: string[],
): Promise<{ applied: string[] }> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // The running query fails with it; unhandled it would end the process.
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    const known = await migrationNames(migrationsDir);
    const done = await history(client);
    refuseNewer(done, known);
    const applied = known.filter((name) => !done.has(name) && (only?.includes(name) ?? true));
    for (const name of applied)
      await apply(client, name, await readFile(path.join(migrationsDir, name, 'migration.sql'), 'utf8'));
    return { applied };
  } finally {
    await client.end();
  }
}

async function migrationNames(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

async function history(client: pg.Client): Promise<Set<string>> {
  await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL,
    logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`);
  const { rows } = await client.query<HistoryRow>(
    'SELECT migration_name, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  const failed = rows.find(({ finished_at: finishedAt }) => !finishedAt);
  if (failed)
    throw new Error(
      `migration ${failed.migration_name} failed earlier: check the database, then run npx prisma migrate resolve in backend/`,
    );
  return new Set(rows.map(({ migration_name: name }) => name));
}

function refuseNewer(done: Set<string>, known: string[]): void {
  const unknown = [...done].filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(
      `the database is newer than this version of Berth (it has the migration ${unknown[0]}): start the newer version`,
    );
}

async function apply(client: pg.Client, name: string, sql: string): Promise<void> {
  const checksum = createHash('sha256').update(sql).digest('hex');
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), clock_timestamp(), 1)',
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw new Error(`migration ${name} failed and was rolled back: ${(cause as Error).message}`, { cause });
  }
}
