import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import type { Config } from '#src/config/config.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { migrate } from './migrator.js';

export const MIGRATIONS_DIR = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** The migrated database: DATABASE_URL, or the embedded server, which this process starts and stops. */
export class DatabaseConnection {
  private constructor(
    readonly connectionString: string,
    private readonly embedded: EmbeddedPostgres | undefined,
  ) {}

  static async open(config: Config): Promise<DatabaseConnection> {
    const embedded = config.data.databaseUrl ? undefined : embeddedServer(config);
    const connectionString = embedded ? (await embedded.start()).connectionString : (config.data.databaseUrl ?? '');
    try {
      const { applied } = await migrate(connectionString, MIGRATIONS_DIR);
      if (applied.length > 0) log('info', `applied migrations: ${applied.join(', ')}`);
    } catch (error) {
      await embedded?.stop();
      throw embedded ? error : withSettingName(error);
    }
    return new DatabaseConnection(connectionString, embedded);
  }

  async close(): Promise<void> {
    await this.embedded?.stop();
  }
}

function embeddedServer({ data }: Config): EmbeddedPostgres {
  return new EmbeddedPostgres({ dataDir: data.postgresDir, log });
}

function log(level: 'info' | 'warn' | 'error', message: string): void {
  new Logger('Database')[level === 'info' ? 'log' : level](message);
}

/** Names the setting in the error of an external PostgreSQL. The URL may hold a password, so it is not repeated. */
function withSettingName(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const refused = code !== undefined && /^(E[A-Z]+|28P01|28000|3D000)$/.test(code);
  if (!refused) return error;
  return new Error(
    `the PostgreSQL of DATABASE_URL cannot be used (${message || code}): start it, or correct DATABASE_URL`,
    { cause: error },
  );
}
