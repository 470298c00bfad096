/**
 * A database as the API leaves it on its first start, without rows: each platform of the tests begins with a copy. `initdb` and the
 * migrations take seconds of processor time, and some 60 platforms start in one run.
 */
import { chmodSync } from 'node:fs';
import { runMigrations } from 'graphile-worker';
import { MIGRATIONS_DIR } from '#src/core/database/database-connection.js';
import { EmbeddedPostgres } from '#src/core/database/embedded-postgres.js';
import { migrate } from '#src/core/database/migrator.js';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

export async function prepareDatabase(): Promise<void> {
  chmodSync(stateDir.database, 0o755); // the server's user enters it
  const server = new EmbeddedPostgres({ dataDir: `${stateDir.database}/postgres`, log: () => undefined });
  try {
    const { connectionString } = await server.start();
    await migrate(connectionString, MIGRATIONS_DIR);
    await runMigrations({ connectionString });
  } finally {
    await server.stop();
  }
}

/** Puts the copy into a DATA_DIR that has no database yet. */
export async function copyDatabase(dataDir: string): Promise<void> {
  await runCommand('cp', ['-a', `${stateDir.database}/postgres`, dataDir]);
}
