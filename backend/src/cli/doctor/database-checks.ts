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
    return [{ what, state: 'warn', found: 'the embedded server does not run', advice: 'Start it with script/server.' }];
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; bytes: string }>(
      `SELECT split_part(version(), ' ', 2) AS version, pg_size_pretty(pg_database_size(current_database())) AS bytes`,
    );
    const found = rows.map(({ version, bytes }) => `PostgreSQL ${version}, ${bytes}`).join();
    return [{ what, state: 'ok', found }, ...(await problemsOf(client))];
  } catch (error) {
    return [{ what, state: 'broken', found: (error as Error).message, advice: 'Start it, or correct DATABASE_URL.' }];
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Findings about certificates and failed jobs. */
async function problemsOf(client: pg.Client): Promise<Finding[]> {
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
      state: days !== null && days < 0 ? 'broken' : 'warn',
      found: `${days === null ? 'not issued yet' : `expires in ${days} days`}${lastError ? `; ${lastError}` : ''}`,
      advice: 'Berth retries it; GET /environments/{id} shows when.',
    })),
    ...jobs.rows.map(({ name, error, count }): Finding => ({
      what: `${count} jobs ${name}`,
      state: 'warn',
      found: `failed: ${(error ?? '').split('\n')[0] ?? ''}`,
      advice: 'See the log; Berth schedules pending work again.',
    })),
  ];
}

export async function encryptionKey(config: Config): Promise<Finding[]> {
  const what = 'encryption key';
  if (!config.data.encryptionKey && !existsSync(config.data.keyFile))
    return [
      {
        what,
        state: 'warn',
        found: 'none yet',
        advice: 'Back it up with the database after the first start, which creates it.',
      },
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
    return [{ what, state: 'ok', found: sealed ? 'decrypts the stored secrets' : 'no secret is stored yet' }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('E')) return []; // a connection error, which the database check reports
    return [
      {
        what,
        state: 'broken',
        found: 'cannot decrypt the stored secrets',
        advice: 'Restore the key of this database from a backup.',
      },
    ];
  } finally {
    await client.end().catch(() => undefined);
  }
}
