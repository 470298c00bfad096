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
import type { JobName, JobPayloads } from './job-queue.js';
import { UserConcurrency } from './user-concurrency.js';
import { ReconnectingPool } from './reconnecting-pool.js';

export type JobHandler<N extends JobName> = (payload: JobPayloads[N], signal: AbortSignal) => Promise<void>;

/**
 * Workers per pool. Jobs mostly wait for the engine, so that many run at once. Separate pools keep jobs that may wait
 * long, for a build or for an external server, from blocking the others; releases never delay the platform's own jobs,
 * and a removal may wait for one of these.
 */
const CONCURRENCY = { platform: 20, removals: 30, releases: 150, builds: 60, runs: 150, messages: 10 };
type PoolName = keyof typeof CONCURRENCY;
/** No user holds more than this part of a pool's workers. */
const MAX_SHARE_PER_USER = 1 / 3;
/** Each pool of workers listens on one connection; the others fetch and complete jobs. */
const POOL_SIZE = Object.keys(CONCURRENCY).length + 4;
/**
 * NOTIFY starts new jobs at once; polling finds retries, scheduled jobs, and jobs that were released from a dead
 * process.
 */
const POLL_INTERVAL_MS = 1500;
/** Disables polling in the library, where each of a hundred workers would poll. It is the longest delay of a timer. */
const NEVER_MS = 2 ** 31 - 1;
const RESTART_DELAY_MS = 1000;
/** The queue and the user's slot of a job are free as soon as its result is written. */
const WAKE_DELAYS_MS = [5, 25, 100, 500];

/** Thrown inside a job when the process shuts down: the job stays in the queue and is retried after the start. */
export class ShutdownInterrupt extends Error {
  constructor() {
    super('interrupted by the shutdown');
  }
}

/**
 * The library fetches the next job before it writes the result of the last one, when that one's queue is not free yet,
 * and then sleeps until the next poll. Without this wake-up the next job of the queue, or of the same concurrency
 * limit, would wait for seconds.
 */
function wakeAfterOthers(events: WorkerEvents, pool: WorkerPool): void {
  events.on('job:complete', ({ job }) => {
    if (job.job_queue_id === null && job.flags === null) return;
    for (const delayMs of WAKE_DELAYS_MS) setTimeout(() => wake(pool), delayMs).unref();
  });
}

function wake(pool: WorkerPool, workers = 1): void {
  try {
    pool.nudge(workers);
  } catch {
    // The pool is shutting down.
  }
}

/** Runs the registered job handlers on graphile-worker. */
@Injectable()
export class JobWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new NestLogger(JobWorker.name);
  private readonly handlers = new Map<JobName, { run: JobHandler<JobName>; pool: PoolName }>();
  private readonly schedules: { task: JobName; match: string }[] = [];
  private readonly queueLogger = new Logger(
    () => (level, message) => (level === 'error' ? this.logger.error(message) : undefined),
  );
  private readonly shutdown = new AbortController();
  private runners: Runner[] = [];
  private starting: Promise<void> | undefined;
  private pool: ReconnectingPool | undefined;
  private readonly workerIds: string[] = [];
  private readonly pools: { pool: WorkerPool; name: PoolName; jobs: JobName[] }[] = [];
  private pollTimer: NodeJS.Timeout | undefined;
  private readonly concurrency: Record<PoolName, UserConcurrency>;

  constructor(
    private readonly connection: DatabaseConnection,
    private readonly prisma: PrismaService,
    private readonly identity: WorkerIdentity,
    private readonly orphanedJobs: OrphanedJobs,
    private readonly notifications: PgNotifications,
    config: Config,
  ) {
    const limitOf = (pool: PoolName, atMost = Infinity) =>
      new UserConcurrency(Math.max(1, Math.min(atMost, Math.floor(CONCURRENCY[pool] * MAX_SHARE_PER_USER))));
    const { releasesAtOncePerUser, runsAtOncePerUser } = config.quota;
    this.concurrency = {
      platform: limitOf('platform'),
      removals: limitOf('removals'),
      releases: limitOf('releases', releasesAtOncePerUser),
      builds: limitOf('builds', releasesAtOncePerUser),
      runs: limitOf('runs', runsAtOncePerUser),
      messages: limitOf('messages'),
    };
  }

  /** Registers a handler; modules call it while they initialise. */
  register<N extends JobName>(name: N, handler: JobHandler<N>, pool: PoolName = 'platform'): void {
    this.handlers.set(name, { run: handler as JobHandler<JobName>, pool });
  }

  /** Schedules a job by a cron expression in UTC. One instance runs it, whatever the number of instances. */
  schedule(name: JobName, match: string): void {
    this.schedules.push({ task: name, match });
  }

  async onApplicationBootstrap(): Promise<void> {
    this.pool = this.createPool();
    await runMigrations({ pgPool: this.pool, logger: this.queueLogger });
    // Requests need not wait for a slow start: their jobs are durable.
    this.starting = this.startWithRetry(this.pool).then(() => void this.pollForever());
    // Another process may have released this one's lease while the database was unavailable.
    this.notifications.on(
      'reconnected',
      () => void this.resume().catch((error: unknown) => this.logger.warn(String(error))),
    );
  }

  async onModuleDestroy(): Promise<void> {
    this.shutdown.abort(new ShutdownInterrupt());
    clearTimeout(this.pollTimer);
    this.pool?.failFast();
    await this.starting?.catch(() => undefined);
    await this.stopRunners();
    await this.prisma.workerLease.deleteMany({ where: { lockKey: this.identity.lockKey } }).catch(() => undefined);
    await this.pool?.end();
  }

  private async start(pgPool: ReconnectingPool): Promise<void> {
    const byPool = Map.groupBy(this.handlers, ([, { pool }]) => pool);
    const runners: Runner[] = [];
    for (const [pool, handlers] of byPool) {
      const parsedCronItems = pool === 'platform' ? parseCronItems(this.schedules) : [];
      const jobs = handlers.map(([name]) => name);
      runners.push(await this.runnerOf(pool, jobs, { pgPool, concurrency: CONCURRENCY[pool], parsedCronItems }));
    }
    this.runners = runners;
    const ended = (reason: unknown) => {
      if (this.shutdown.signal.aborted || this.runners !== runners) return;
      this.logger.error(`the job worker stopped: ${reason instanceof Error ? reason.message : 'it ended'}`);
      this.starting = this.stopRunners().then(() => this.startWithRetry(pgPool));
    };
    for (const { promise } of runners) promise.then(ended, ended);
    await this.lease();
  }

  private runnerOf(
    name: PoolName,
    jobs: JobName[],
    options: Required<Pick<RunnerOptions, 'pgPool' | 'concurrency' | 'parsedCronItems'>>,
  ): Promise<Runner> {
    const events = new EventEmitter() as WorkerEvents;
    // Jobs are locked by the id of the pool, not of its workers.
    events.on('pool:create', ({ workerPool }) => {
      this.workerIds.push(workerPool.id);
      wakeAfterOthers(events, workerPool);
      this.pools.push({ pool: workerPool, name, jobs });
    });
    const handlers = jobs.map((job) => [
      job,
      (payload: unknown, helpers: JobHelpers) => this.runWithinLimit(name, job, payload, helpers),
    ]);
    return run({
      ...options,
      forbiddenFlags: () => this.concurrency[name].full(),
      pollInterval: NEVER_MS,
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: 1000,
      // Without batches a result that cannot be written ends the process; with batches only the worker.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      events,
      logger: this.queueLogger,
      taskList: Object.fromEntries(handlers) as TaskList,
    });
  }

  /** Workers that fetch at the same moment may fetch more jobs of a user than the limit: these return to the queue. */
  private async runWithinLimit(pool: PoolName, name: JobName, payload: unknown, { job }: JobHelpers): Promise<void> {
    const ran = await this.concurrency[pool].tryRun(job.flags, async () =>
      this.handlers.get(name)?.run(payload as never, this.shutdown.signal),
    );
    if (!ran) await this.returnToQueue(job.id, payload);
  }

  private async returnToQueue(id: string, payload: unknown): Promise<void> {
    await this.prisma.$executeRaw`
      SELECT graphile_worker.add_job(task_identifier, ${JSON.stringify(payload)}::json, queue_name := queue_name,
        run_at := run_at, job_key := key, priority := priority::int, flags := ARRAY(SELECT jsonb_object_keys(flags)))
      FROM graphile_worker.jobs WHERE id = ${id}::bigint`;
  }

  private async stopRunners(): Promise<void> {
    const { runners } = this;
    this.runners = [];
    await Promise.all(runners.map((runner) => runner.stop().catch(() => undefined)));
  }

  /** The runner may have ended because the connection broke while it wrote a result: that job is retried. */
  private async startWithRetry(pgPool: ReconnectingPool): Promise<void> {
    while (!this.shutdown.signal.aborted) {
      try {
        this.pools.length = 0;
        this.workerIds.length = 0; // OrphanedJobs releases their jobs, because no lease names them
        await this.start(pgPool);
        return;
      } catch (error) {
        this.logger.error(`job worker start failed: ${String(error)}`);
        await delay(RESTART_DELAY_MS);
      }
    }
  }

  /** A failure while the database is unavailable is retried at the next poll. */
  private async pollForever(): Promise<void> {
    if (this.shutdown.signal.aborted) return;
    await this.orphanedJobs.sweep().catch(() => undefined);
    await this.poll().catch(() => undefined);
    this.pollTimer = setTimeout(() => void this.pollForever(), POLL_INTERVAL_MS).unref();
  }

  /** Wakes one worker per due job. */
  private async poll(): Promise<void> {
    for (const { pool, name, jobs } of this.pools) {
      const count = await this.countDueJobs(jobs, this.concurrency[name].full());
      if (count > 0) wake(pool, count);
    }
  }

  /** Counts the jobs that can start now: `run_at` has passed, and neither queue nor flag keeps them. */
  private async countDueJobs(names: JobName[], full: string[]): Promise<number> {
    const [row] = await this.prisma.$queryRaw<{ count: number }[]>`
      SELECT count(DISTINCT coalesce(queue_name, id::text))::int AS count FROM graphile_worker.jobs
      WHERE task_identifier = ANY(${names}) AND locked_at IS NULL AND attempts < max_attempts AND run_at <= now()
        AND NOT coalesce(flags ?| ${full}::text[], false) AND (queue_name IS NULL OR queue_name NOT IN (
          SELECT queue_name FROM graphile_worker.jobs WHERE locked_at IS NOT NULL AND queue_name IS NOT NULL))`;
    return row?.count ?? 0;
  }

  /** Jobs that failed while the database was unavailable are retried at once. */
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
