import type { Config } from '#src/config/config.js';
import { MIGRATIONS_DIR } from '#src/core/database/database-connection.js';
import { EmbeddedPostgres, runningServer } from '#src/core/database/embedded-postgres.js';
import { migrate } from '#src/core/database/migrator.js';

export interface OpenDatabase {
  connectionString: string;
  close: () => Promise<void>;
}

/** The given database; else the embedded server, the API's own where it runs, else started for this moment. Brought to the newest schema. */
export async function openDatabase(config: Config): Promise<OpenDatabase> {
  const database = await findDatabase(config);
  await migrate(database.connectionString, MIGRATIONS_DIR);
  return database;
}

/** The same, as it is. */
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

/** Of the given database, or of the embedded server where it runs: nothing is started. */
export function runningDatabase({ data }: Config): string | undefined {
  return data.databaseUrl ?? runningServer(data.postgresDir);
}
