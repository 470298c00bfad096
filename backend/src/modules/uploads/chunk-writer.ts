import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import pg from 'pg';
import { DomainError } from '#src/common/errors/domain-error.js';
import { DatabaseConnection } from '#src/core/database/database-connection.js';

const CONNECTIONS = 2;
const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 4500;

/** Writes bodies past Prisma, which turns bytes into base64 and back: 200 MB of them cost the process as much memory. */
@Injectable()
export class ChunkWriter implements OnModuleDestroy {
  private readonly pool: pg.Pool;

  constructor({ connectionString }: DatabaseConnection) {
    this.pool = new pg.Pool({
      connectionString,
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
    });
    // Unhandled, the restart of PostgreSQL would end the process; the next write finds another connection.
    this.pool.on('error', () => undefined);
  }

  async onModuleDestroy(): Promise<void> {
    await this.pool.end();
  }

  async write(uploadId: string, position: number, content: Buffer): Promise<void> {
    const text = 'INSERT INTO "UploadChunk" ("uploadId", position, content) VALUES ($1, $2, $3)';
    try {
      await this.pool.query(text, [uploadId, position, content]);
    } catch (cause) {
      throw new DomainError('DATABASE_UNAVAILABLE', {
        detail: 'The database does not take the upload.',
        hint: 'Try again in a moment.',
        cause,
      });
    }
  }
}
