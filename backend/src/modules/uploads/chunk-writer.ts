import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import pg from 'pg';
import { DomainError } from '#src/common/errors/domain-error.js';
import { DatabaseConnection } from '#src/core/database/database-connection.js';

const CONNECTIONS = 2;
const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 4500;

/** Writes chunks without Prisma, which encodes bytes as base64: a body of 200 MB would take as much memory. */
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
    // Without a handler a restart of PostgreSQL would end the process. The next write opens another connection.
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
        detail: 'The database is unavailable, so the upload cannot be stored.',
        hint: 'Retry in a moment.',
        cause,
      });
    }
  }
}
