import type { Config } from '#src/config/config.js';
import { MIGRATIONS_DIR } from '#src/core/database/database-connection.js';
import { EmbeddedPostgres, runningServer } from '#src/core/database/embedded-postgres.js';
import { migrate } from '#src/core/database/migrator.js';

export interface OpenDatabase {
  connectionString: string;
  close: () => Promise<void>;
}

/**
 * Opens and migrates DATABASE_URL, or else the embedded server: the running one, or one that is started for this
 * command.
 */
export async function openDatabase(config: Config): Promise<OpenDatabase> {
  const database = await findDatabase(config);
  await migrate(database.connectionString, MIGRATIONS_DIR);
  return database;
}

/** The same without migrations. */
export async function findDatabase(config: Config): Promise<OpenDatabase> {
  const running = runningDatabase(config);
  if (running) return { connectionString: running, close: () => Promise.resolve() };
  const server = new EmbeddedPostgres({
    dataDir: config.data.postgresDir,
    log: (level, message) => {
      if (level !== 'info') process.stderr.write(`${message}\n`);
    },
  });
  const { connectionString } = await server.start();
  return { connectionString, close: () => server.stop() };
}

/** Connection string of DATABASE_URL or of the running embedded server. Starts nothing; undefined if none runs. */
export function runningDatabase({ data }: Config): string | undefined {
  return data.databaseUrl ?? runningServer(data.postgresDir);
}
