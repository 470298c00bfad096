import { Injectable } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../generated/prisma/client.js';
import type { Prisma } from '../../generated/prisma/client.js';
/** Where the database is. */
export interface ConnectionInfo {
  connectionString: string;
}

/** A transaction, or the client itself where none is needed. */
export type Db = Prisma.TransactionClient;

const POOL_SIZE = 12;
/** A database that hangs must show as an error before a client's patience ends: 503 within 5 s. */
const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 4500;

@Injectable()
export class PrismaService extends PrismaClient {
  constructor(connection: ConnectionInfo) {
    const adapter = new PrismaPg(
      {
        connectionString: connection.connectionString,
        max: POOL_SIZE,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        query_timeout: QUERY_TIMEOUT_MS,
        keepAlive: true,
      },
      // An idle connection that the server closes is replaced by the next query: nothing to do, but unhandled it would end the process.
      { onPoolError: () => undefined, onConnectionError: () => undefined },
    );
    super({ adapter, transactionOptions: { maxWait: CONNECT_TIMEOUT_MS, timeout: 2 * QUERY_TIMEOUT_MS } });
  }
}
