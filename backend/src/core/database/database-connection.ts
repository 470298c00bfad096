import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { migrate } from './migrator.js';

export const MIGRATIONS_DIR = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** Where the database is, brought to the newest schema: the given one, or the embedded server that lives and ends with this process. */
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
      if (applied.length > 0) logger().log(`applied migrations: ${applied.join(', ')}`);
    } catch (error) {
      await embedded?.stop();
      throw error;
    }
    return new DatabaseConnection(connectionString, embedded);
  }

  async close(): Promise<void> {
    await this.embedded?.stop();
  }
}

function embeddedServer({ data }: Config): EmbeddedPostgres {
  const log = (level: 'info' | 'warn' | 'error', message: string) =>
    logger()[level === 'info' ? 'log' : level](message);
  return new EmbeddedPostgres({ dataDir: path.join(data.dir, 'postgres'), log });
}

function logger(): Logger {
  return new Logger('Database');
}
