import { existsSync } from 'node:fs';
import pg from 'pg';
import type { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { runningDatabase } from '#src/cli/shared/database.js';
import type { Finding } from './finding.js';

const SOON_DAYS = 14;
const TIMEOUT_MS = 5000;

export async function database(config: Config): Promise<Finding[]> {
  const what = 'database';
  const connectionString = runningDatabase(config);
  if (!connectionString)
    return [{ what, state: 'look', found: 'the embedded one does not run', advice: 'It starts with script/server.' }];
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; bytes: string }>(
      `SELECT split_part(version(), ' ', 2) AS version, pg_size_pretty(pg_database_size(current_database())) AS bytes`,
    );
    const found = rows.map(({ version, bytes }) => `PostgreSQL ${version}, ${bytes}`).join();
    return [{ what, state: 'ok', found }, ...(await troubles(client))];
  } catch (error) {
    return [{ what, state: 'broken', found: (error as Error).message, advice: 'Start it, or correct DATABASE_URL.' }];
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What the rows say: certificates, and jobs that were given up. */
async function troubles(client: pg.Client): Promise<Finding[]> {
  const certificates = await client.query<{
    domain: string;
    status: string;
    lastError: string | null;
    days: number | null;
  }>(
    `SELECT domain, status::text, "lastError", (extract(epoch FROM "notAfter" - now()) / 86400)::int AS days FROM "Certificate"
     WHERE status = 'FAILED' OR "notAfter" < now() + $1 * interval '1 day'`,
    [SOON_DAYS],
  );
  const jobs = await client.query<{ name: string; error: string | null; count: number }>(
    `SELECT task_identifier AS name, max(last_error) AS error, count(*)::int AS count FROM graphile_worker.jobs WHERE attempts >= max_attempts GROUP BY 1`,
  );
  return [
    ...certificates.rows.map(({ domain, lastError, days }): Finding => ({
      what: `certificate of ${domain}`,
      state: days !== null && days < 0 ? 'broken' : 'look',
      found: `${days === null ? 'there is none' : `ends in ${days} days`}${lastError ? `; ${lastError}` : ''}`,
      advice: 'It is tried again by itself; GET /environments/{id} says when.',
    })),
    ...jobs.rows.map(({ name, error, count }): Finding => ({
      what: `${count} jobs ${name}`,
      state: 'look',
      found: `given up: ${(error ?? '').split('\n')[0] ?? ''}`,
      advice: 'The log has more; what is still to be done is planned again by itself.',
    })),
  ];
}

export async function encryptionKey(config: Config): Promise<Finding[]> {
  const what = 'encryption key';
  if (!config.data.encryptionKey && !existsSync(config.data.keyFile))
    return [
      { what, state: 'look', found: 'none yet', advice: 'The first start makes one: back it up with the database.' },
    ];
  const connectionString = runningDatabase(config);
  if (!connectionString) return [];
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ jobId: string; envVars: string }>(
      `SELECT "jobId", "envVars" FROM "Deployment" WHERE "envVars" IS NOT NULL ORDER BY "createdAt" DESC LIMIT 1`,
    );
    const [sealed] = rows;
    if (sealed) new SecretBox(config).open(sealed.envVars, `deployment/${sealed.jobId}/envVars`);
    return [{ what, state: 'ok', found: sealed ? 'it opens what is kept' : 'nothing is sealed yet' }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('E')) return []; // of the database, told above
    return [
      {
        what,
        state: 'broken',
        found: 'it does not open what is kept',
        advice: 'Restore the key of this database from a backup.',
      },
    ];
  } finally {
    await client.end().catch(() => undefined);
  }
}
