import { EventEmitter } from 'node:events';
import { Injectable, Logger as NestLogger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger, run, type Runner, runMigrations, type Worker, type WorkerEvents } from 'graphile-worker';
import pg from 'pg';
import { DatabaseConnection } from '../database/database-connection.js';
import { PrismaService } from '../database/prisma.service.js';
import { Signals } from '../database/signals.js';
import { WorkerIdentity } from '../database/worker-identity.js';
import { AbandonedJobs } from './abandoned-jobs.js';
import type { JobName, JobPayloads } from './job-queue.js';

export type JobHandler<N extends JobName> = (payload: JobPayloads[N], signal: AbortSignal) => Promise<void>;

/** Jobs wait for the engine most of their time, so that many run side by side. */
const CONCURRENCY = 50;
const POOL_SIZE = 6;
/** NOTIFY starts new jobs at once; polling is for retries, whose delays are in seconds. */
const POLL_INTERVAL_MS = 5000;

/** Thrown inside a job when the process shuts down: the job stays in the queue and runs again after the start. */
export class ShutdownInterrupt extends Error {
  constructor() {
    super('interrupted by the shutdown');
  }
}

/** The queue's adapter: runs the registered handlers on graphile-worker. */
@Injectable()
export class JobWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new NestLogger(JobWorker.name);
  private readonly handlers = new Map<JobName, JobHandler<JobName>>();
  private readonly shutdown = new AbortController();
  private runner: Runner | undefined;
  private pool: pg.Pool | undefined;

  constructor(
    private readonly connection: DatabaseConnection,
    private readonly prisma: PrismaService,
    private readonly identity: WorkerIdentity,
    private readonly abandoned: AbandonedJobs,
    private readonly signals: Signals,
  ) {}

  /** Called by modules while they initialise. */
  register<N extends JobName>(name: N, handler: JobHandler<N>): void {
    this.handlers.set(name, handler as unknown as JobHandler<JobName>);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.pool = this.createPool();
    const logger = new Logger(() => (level, message) => (level === 'error' ? this.logger.error(message) : undefined));
    await runMigrations({ pgPool: this.pool, logger });
    const events = new EventEmitter() as WorkerEvents;
    const workerIds: string[] = [];
    events.on('worker:create', ({ worker }: { worker: Worker }) => workerIds.push(worker.workerId));
    this.runner = await run({
      pgPool: this.pool,
      concurrency: CONCURRENCY,
      pollInterval: POLL_INTERVAL_MS,
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: 1000,
      events,
      logger,
      taskList: Object.fromEntries(
        [...this.handlers].map(([name, handler]) => [
          name,
          (payload: unknown) => handler(payload as never, this.shutdown.signal),
        ]),
      ),
    });
    this.runner.promise.catch((error: unknown) => this.logger.error(`the job worker stopped: ${String(error)}`));
    await this.lease(workerIds);
    // Somebody may have taken us for dead while the database was away.
    this.signals.on(
      'reconnected',
      () => void this.lease(workerIds).catch((error: unknown) => this.logger.warn(String(error))),
    );
    await this.abandoned.start(this.pool);
  }

  async onModuleDestroy(): Promise<void> {
    this.shutdown.abort(new ShutdownInterrupt());
    this.abandoned.stop();
    await this.runner?.stop().catch(() => undefined);
    await this.prisma.workerLease.deleteMany({ where: { lockKey: this.identity.lockKey } }).catch(() => undefined);
    await this.pool?.end();
  }

  private async lease(workerIds: string[]): Promise<void> {
    const { lockKey } = this.identity;
    await this.prisma.workerLease.upsert({ where: { lockKey }, create: { lockKey, workerIds }, update: { workerIds } });
  }

  private createPool(): pg.Pool {
    const pool = new pg.Pool({ connectionString: this.connection.connectionString, max: POOL_SIZE, keepAlive: true });
    // Without these, a restart of PostgreSQL would end the process as an unhandled 'error'.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }
}
