import { Injectable } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from '#src/generated/prisma/client.js';

/** Connection string of the database. */
export interface ConnectionInfo {
  connectionString: string;
}

/** A transaction, or the client itself if none is needed. */
export type Db = Prisma.TransactionClient;

export const POOL_SIZE = 12;
/** A database that hangs must cause an error before the client's timeout: 503 within 5 s. */
const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 4000;
const MAX_ATTEMPTS = 4;

@Injectable()
export class PrismaService extends PrismaClient {
  constructor(connection: ConnectionInfo) {
    const pool = {
      connectionString: connection.connectionString,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
    };
    const adapter = new PrismaPg(pool, {
      // The next query replaces an idle connection that the server closed. Unhandled, the error would end the process.
      onPoolError: () => undefined,
      onConnectionError: () => undefined,
    });
    super({ adapter, transactionOptions: { maxWait: CONNECT_TIMEOUT_MS, timeout: 2 * QUERY_TIMEOUT_MS } });
  }

  /**
   * Runs a transaction and retries it after a deadlock, so that side effects of `run` outside the database must be
   * repeatable.
   */
  async transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    for (let left = MAX_ATTEMPTS - 1; ; left--) {
      try {
        return await this.$transaction(run);
      } catch (error) {
        if (left === 0 || !isDeadlock(error)) throw error;
      }
    }
  }
}

/** The driver adapter reports a deadlock as P2034, for a raw query as P2010 with PostgreSQL's own code inside. */
function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return (
    error.code === 'P2034' ||
    (error.code === 'P2010' && /TransactionWriteConflict|40P01|40001/.test(JSON.stringify(error)))
  );
}
