import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
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
  /** Published by a trigger of the database only. */
  'run.changed': { runId: string };
  'run.cancel': { runId: string };
  /** The connection was lost and restored: notifications may have been missed. */
  reconnected: Record<string, never>;
}
export type SignalName = keyof SignalPayloads;

const CHANNEL = 'berth';
/** Delays stay short: until the connection is restored, other processes see this one without its lock. */
const RECONNECT_MS = [50, 100, 250, 500];
const CONNECT_TIMEOUT_MS = 3000;
const QUERY_TIMEOUT_MS = 15_000;
/** A peer that is gone without closing the connection is noticed within three heartbeats. */
const HEARTBEAT_MS = 10_000;
/** More than one, because a blocked event loop reads a heartbeat only after the next one is due. */
const MAX_MISSED_HEARTBEATS = 2;

/**
 * Ends the session that still holds this process's lock, when its connection was lost and the server has not noticed.
 * The key of the lock is random and no other process has it.
 */
const END_FORMER_SESSION = `SELECT pg_terminate_backend(pid) FROM pg_locks
  WHERE locktype = 'advisory' AND classid = $1::oid AND objid = $2::oid AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()`;

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
    private readonly heartbeatMs = HEARTBEAT_MS,
  ) {}

  async open(): Promise<void> {
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: this.connectionString,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      stream: () => socket,
    });
    client.on('error', () => undefined);
    client.on('notification', ({ channel, payload }) => {
      if (channel === CHANNEL) this.dispatch(payload ?? '');
    });
    try {
      await client.connect();
      await client.query(END_FORMER_SESSION, [this.lock.class, this.lock.key]);
      await client.query('SELECT pg_advisory_lock($1, $2)', [this.lock.class, this.lock.key]);
      await client.query(`LISTEN ${CHANNEL}`);
      await this.startHeartbeat(client, socket);
    } catch (error) {
      socket.destroy();
      throw error;
    }
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

  /**
   * Sends notifications to this process itself. When they do not arrive, it closes the connection, which reconnects: a
   * firewall or a peer that has forgotten the connection would leave it silent for hours.
   */
  private async startHeartbeat(client: pg.Client, socket: Socket): Promise<void> {
    const channel = `${CHANNEL}_${this.lock.key}`;
    await client.query(`LISTEN ${channel}`);
    let missed = 0;
    let isSending = false;
    client.on('notification', (notification) => {
      if (notification.channel === channel) missed = 0;
    });
    const timer = setInterval(() => {
      if (missed >= MAX_MISSED_HEARTBEATS) socket.destroy();
      missed += 1;
      if (isSending) return;
      isSending = true;
      const sent = () => (isSending = false);
      client.query(`NOTIFY ${channel}`).then(sent, sent);
    }, this.heartbeatMs).unref();
    client.on('end', () => clearInterval(timer));
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
