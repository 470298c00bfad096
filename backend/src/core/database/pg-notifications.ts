import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { Db } from './prisma.service.js';

/** Payloads of the notifications between API instances, which PostgreSQL's NOTIFY delivers after commit. */
export interface SignalPayloads {
  'key.revoked': { keyId: string };
  /** Published by triggers of the database only. */
  'deployment.changed': { deploymentId: string; jobId: string };
  'deployment.cancel': { deploymentId: string };
  /** The connection was lost and restored: notifications may have been missed. */
  reconnected: Record<string, never>;
}
export type SignalName = keyof SignalPayloads;

const CHANNEL = 'berth';
/** Delays stay short: until the connection is restored, other processes see this one without its lock. */
const RECONNECT_MS = [50, 100, 250, 500];

/**
 * A dedicated connection for LISTEN. It also holds this process's advisory lock, which PostgreSQL releases when the
 * process dies: other processes then release its jobs.
 */
export class PgNotifications {
  private readonly logger = new Logger(PgNotifications.name);
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private client: pg.Client | undefined;
  private closed = false;

  constructor(
    private readonly connectionString: string,
    private readonly lock: { class: number; key: number },
  ) {}

  async open(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.connectionString,
      keepAlive: true,
      connectionTimeoutMillis: 3000,
    });
    client.on('error', () => undefined);
    client.on('notification', ({ payload }) => this.dispatch(payload ?? ''));
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1, $2)', [this.lock.class, this.lock.key]);
    await client.query(`LISTEN ${CHANNEL}`);
    client.on('end', () => void this.reconnect());
    this.client = client;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.client?.end();
  }

  /** Subscribes to a notification. Returns the function that unsubscribes. */
  on<N extends SignalName>(name: N, listener: (payload: SignalPayloads[N]) => void): () => void {
    this.emitter.on(name, listener);
    return () => void this.emitter.off(name, listener);
  }

  /** Publishes to every instance when `db`'s transaction commits; a rollback publishes nothing. */
  async publish<N extends SignalName>(db: Db, name: N, payload: SignalPayloads[N]): Promise<void> {
    const text = JSON.stringify({ name, payload });
    await db.$executeRaw`SELECT pg_notify(${CHANNEL}, ${text})`;
  }

  private dispatch(text: string): void {
    const { name, payload } = JSON.parse(text) as { name: SignalName; payload: unknown };
    this.emitter.emit(name, payload);
  }

  private async reconnect(): Promise<void> {
    for (let attempt = 0; !this.closed; attempt++) {
      await delay(RECONNECT_MS[Math.min(attempt, RECONNECT_MS.length - 1)]);
      try {
        await this.open();
        this.emitter.emit('reconnected', {});
        return;
      } catch (error) {
        if (attempt === 0) this.logger.warn(`database unavailable: ${(error as Error).message}`);
      }
    }
  }
}
