import { Injectable } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from '#src/generated/prisma/client.js';

/** Where the database is. */
export interface ConnectionInfo {
  connectionString: string;
}

/** A transaction, or the client itself where none is needed. */
export type Db = Prisma.TransactionClient;

export const POOL_SIZE = 12;
/** A database that hangs must show as an error before a client's patience ends: 503 within 5 s. */
const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 4500;
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
      // An idle connection that the server closes is replaced by the next query: nothing to do, but unhandled it would end the process.
      onPoolError: () => undefined,
      onConnectionError: () => undefined,
    });
    super({ adapter, transactionOptions: { maxWait: CONNECT_TIMEOUT_MS, timeout: 2 * QUERY_TIMEOUT_MS } });
  }

  /**
   * All of it or nothing. When PostgreSQL ended it because it and another transaction waited for each other, it is run again: whatever `run` does
   * outside the database must bear that.
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

/** Through the driver adapter a query shows it as P2034, a raw one as P2010 with PostgreSQL's own code inside. */
function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return (
    error.code === 'P2034' ||
    (error.code === 'P2010' && /TransactionWriteConflict|40P01|40001/.test(JSON.stringify(error)))
  );
}
