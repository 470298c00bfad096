import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger as NestLogger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  type JobHelpers,
  Logger,
  parseCronItems,
  run,
  type Runner,
  type RunnerOptions,
  runMigrations,
  type TaskList,
  type WorkerEvents,
  type WorkerPool,
} from 'graphile-worker';
import { Config } from '#src/config/config.js';
import { DatabaseConnection } from '#src/core/database/database-connection.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { WorkerIdentity } from '#src/core/database/worker-identity.js';
import { OrphanedJobs } from './orphaned-jobs.js';
import { findDueJobs } from './find-due-jobs.js';
import type { JobName, JobPayloads } from './job-queue.js';
import { UserConcurrency } from './user-concurrency.js';
import { ReconnectingPool } from './reconnecting-pool.js';

export type JobHandler<N extends JobName> = (payload: JobPayloads[N], signal: AbortSignal) => Promise<void>;

/**
 * Jobs wait for the engine most of their time, so that many run side by side. Rooms keep those that may wait long, for a build or for somebody
 * else's server, from taking the others' turn.
 */
const CONCURRENCY = { main: 100, builds: 50, messages: 10 };
type Room = keyof typeof CONCURRENCY;
const POOL_SIZE = 7;
/** NOTIFY starts new jobs at once; looking is for retries, for what has its time, and for what a dead process had taken. */
const POLL_INTERVAL_MS = 1500;
/** The library would have every worker look for itself, a hundred in one moment. The most that a timer can wait. */
const NEVER_MS = 2 ** 31 - 1;
const START_AGAIN_MS = 1000;
/** After a job its lane, and its share, are free as soon as the result is written. */
const LANE_FREE_MS = [5, 25, 100, 500];

/** Thrown inside a job when the process shuts down: the job stays in the queue and runs again after the start. */
export class ShutdownInterrupt extends Error {
  constructor() {
    super('interrupted by the shutdown');
  }
}

/**
 * The library looks for the next job before the result of the last one is written, when that one's lane is not free yet, and then sleeps until
 * somebody looks: whoever waits in the lane would wait for seconds. It is the same with shares.
 */
function wakeAfterOthers(events: WorkerEvents, pool: WorkerPool): void {
  events.on('job:complete', ({ job }) => {
    if (job.job_queue_id === null && job.flags === null) return;
    for (const delayMs of LANE_FREE_MS) setTimeout(() => wake(pool), delayMs).unref();
  });
}

function wake(pool: WorkerPool, workers = 1): void {
  try {
    pool.nudge(workers);
  } catch {
    // It is ending.
  }
}

/** The queue's adapter: runs the registered handlers on graphile-worker. */
@Injectable()
export class JobWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new NestLogger(JobWorker.name);
  private readonly handlers = new Map<JobName, { run: JobHandler<JobName>; room: Room }>();
  private readonly schedules: { task: JobName; match: string }[] = [];
  private readonly queueLogger = new Logger(
    () => (level, message) => (level === 'error' ? this.logger.error(message) : undefined),
  );
  private readonly shutdown = new AbortController();
  private runners: Runner[] = [];
  private starting: Promise<void> | undefined;
  private pool: ReconnectingPool | undefined;
  private readonly workerIds: string[] = [];
  private readonly pools: { pool: WorkerPool; names: JobName[] }[] = [];
  private looking: NodeJS.Timeout | undefined;
  private readonly shares: UserConcurrency;

  constructor(
    private readonly connection: DatabaseConnection,
    private readonly prisma: PrismaService,
    private readonly identity: WorkerIdentity,
    private readonly abandoned: OrphanedJobs,
    private readonly signals: PgNotifications,
    config: Config,
  ) {
    this.shares = new UserConcurrency(config.quota.releasesAtOncePerUser);
  }

  /** Called by modules while they initialise. */
  register<N extends JobName>(name: N, handler: JobHandler<N>, room: Room = 'main'): void {
    this.handlers.set(name, { run: handler as unknown as JobHandler<JobName>, room });
  }

  /** `match`: minute, hour, day, month and weekday, as cron has them, UTC. One instance runs it, whatever their number. */
  schedule(name: JobName, match: string): void {
    this.schedules.push({ task: name, match });
  }

  async onApplicationBootstrap(): Promise<void> {
    this.pool = this.createPool();
    await runMigrations({ pgPool: this.pool, logger: this.queueLogger });
    // What is slow in it need not keep requests waiting: their jobs are durable.
    this.starting = this.startUntilItWorks(this.pool).then(() => void this.keepLooking());
    // Somebody may have taken us for dead while the database was away.
    this.signals.on('reconnected', () => void this.resume().catch((error: unknown) => this.logger.warn(String(error))));
  }

  async onModuleDestroy(): Promise<void> {
    this.shutdown.abort(new ShutdownInterrupt());
    clearTimeout(this.looking);
    this.pool?.failFast();
    await this.starting?.catch(() => undefined);
    await this.stopRunners();
    await this.prisma.workerLease.deleteMany({ where: { lockKey: this.identity.lockKey } }).catch(() => undefined);
    await this.pool?.end();
  }

  private async start(pgPool: ReconnectingPool): Promise<void> {
    const byRoom = Map.groupBy(this.handlers, ([, { room }]) => room);
    const runners: Runner[] = [];
    for (const [room, handlers] of byRoom) {
      const parsedCronItems = room === 'main' ? parseCronItems(this.schedules) : [];
      runners.push(
        await this.runnerOf(
          handlers.map(([name]) => name),
          { pgPool, concurrency: CONCURRENCY[room], parsedCronItems },
        ),
      );
    }
    this.runners = runners;
    const ended = (reason: unknown) => {
      if (this.shutdown.signal.aborted || this.runners !== runners) return;
      this.logger.error(`the job worker stopped: ${reason instanceof Error ? reason.message : 'it ended'}`);
      this.starting = this.stopRunners().then(() => this.startUntilItWorks(pgPool));
    };
    for (const { promise } of runners) promise.then(ended, ended);
    await this.lease();
  }

  private runnerOf(
    names: JobName[],
    options: Required<Pick<RunnerOptions, 'pgPool' | 'concurrency' | 'parsedCronItems'>>,
  ): Promise<Runner> {
    const events = new EventEmitter() as WorkerEvents;
    // Jobs are locked in the name of the pool, not of its workers.
    events.on('pool:create', ({ workerPool }) => {
      this.workerIds.push(workerPool.id);
      wakeAfterOthers(events, workerPool);
      this.pools.push({ pool: workerPool, names });
    });
    const handlers = names.map((name) => [
      name,
      (payload: unknown, { job }: JobHelpers) =>
        this.shares.run(job.flags, async () => this.handlers.get(name)?.run(payload as never, this.shutdown.signal)),
    ]);
    return run({
      ...options,
      forbiddenFlags: () => this.shares.full(),
      pollInterval: NEVER_MS,
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: 1000,
      // One at a time, a result that cannot be written ends the process; in batches it ends the worker only.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      events,
      logger: this.queueLogger,
      taskList: Object.fromEntries(handlers) as TaskList,
    });
  }

  private async stopRunners(): Promise<void> {
    const { runners } = this;
    this.runners = [];
    await Promise.all(runners.map((runner) => runner.stop().catch(() => undefined)));
  }

  /** It may have ended because the connection broke in the very moment a result was written: the job that it was about runs again. */
  private async startUntilItWorks(pgPool: ReconnectingPool): Promise<void> {
    while (!this.shutdown.signal.aborted) {
      try {
        this.pools.length = 0;
        this.workerIds.length = 0; // what they held is given back by OrphanedJobs, as no lease speaks of it
        await this.start(pgPool);
        return;
      } catch (error) {
        this.logger.error(`the job worker does not start: ${String(error)}`);
        await delay(START_AGAIN_MS);
      }
    }
  }

  /** What fails because the database is away is done in a moment again. */
  private async keepLooking(): Promise<void> {
    if (this.shutdown.signal.aborted) return;
    await this.abandoned.sweep().catch(() => undefined);
    await this.poll().catch(() => undefined);
    this.looking = setTimeout(() => void this.keepLooking(), POLL_INTERVAL_MS).unref();
  }

  /** Wakes as many workers as have something to do. */
  private async poll(): Promise<void> {
    const due = await findDueJobs(this.prisma, this.shares.full());
    for (const { pool, names } of this.pools) {
      const count = names.reduce((sum, name) => sum + (due.get(name) ?? 0), 0);
      if (count > 0) wake(pool, count);
    }
  }

  /** What failed because the database was away need not wait longer. */
  private async resume(): Promise<void> {
    await this.lease();
    await this.prisma.$executeRaw`
      SELECT graphile_worker.reschedule_jobs(array_agg(id), run_at := now()) FROM graphile_worker.jobs
      WHERE attempts > 0 AND locked_at IS NULL AND run_at > now()`;
    await this.poll();
  }

  private async lease(): Promise<void> {
    const { lockKey } = this.identity;
    const { workerIds } = this;
    await this.prisma.workerLease.upsert({ where: { lockKey }, create: { lockKey, workerIds }, update: { workerIds } });
  }

  private createPool(): ReconnectingPool {
    const { connectionString } = this.connection;
    const pool = new ReconnectingPool({ connectionString, max: POOL_SIZE, keepAlive: true });
    // Without these, a restart of PostgreSQL would end the process as an unhandled 'error'.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }
}
