import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import type { Db } from './prisma.service.js';

/** What instances tell each other, after commit, through PostgreSQL's NOTIFY. */
export interface SignalPayloads {
  'key.revoked': { keyId: string };
  /** Told by triggers of the database: nobody else publishes it. */
  'deployment.changed': { deploymentId: string; jobId: string };
  'deployment.cancel': { deploymentId: string };
  /** The connection was lost and is back: signals may have been missed. */
  reconnected: Record<string, never>;
}
export type SignalName = keyof SignalPayloads;

const CHANNEL = 'berth';
/** Quick for ever: until it is back, others see this process without its lock. */
const RECONNECT_MS = [50, 100, 250, 500];

/**
 * One connection of its own that listens. It also carries this process's advisory lock, which PostgreSQL drops the moment the process dies:
 * that is how others learn that its jobs are abandoned.
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

  /** Returns the function that ends the subscription. */
  on<N extends SignalName>(name: N, listener: (payload: SignalPayloads[N]) => void): () => void {
    this.emitter.on(name, listener);
    return () => void this.emitter.off(name, listener);
  }

  /** Delivered to every instance when `db`'s transaction commits, and not at all when it does not. */
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
        if (attempt === 0) this.logger.warn(`the database is away: ${(error as Error).message}`);
      }
    }
  }
}
