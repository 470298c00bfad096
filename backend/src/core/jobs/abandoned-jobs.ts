import { Injectable, Logger } from '@nestjs/common';
import { makeWorkerUtils, type WorkerUtils } from 'graphile-worker';
import type pg from 'pg';
import { PrismaService } from '../database/prisma.service.js';
import { WORKER_LOCK_CLASS, WorkerIdentity } from '../database/worker-identity.js';

const SWEEP_MS = 1500;

/**
 * Gives jobs of dead processes back to the queue. A process is dead when nobody holds its advisory lock. After a restart of PostgreSQL the living
 * are without their locks for a moment too, so a process counts as dead only when two sweeps in a row say so; and nobody
 * takes himself for dead.
 */
@Injectable()
export class AbandonedJobs {
  private readonly logger = new Logger(AbandonedJobs.name);
  private suspects = new Set<number>();
  private timer: NodeJS.Timeout | undefined;
  private utils: WorkerUtils | undefined;
  private released: () => void = () => undefined;

  constructor(
    private readonly prisma: PrismaService,
    private readonly identity: WorkerIdentity,
  ) {}

  /** `released`: told when jobs can be taken again, which the queue itself would see when it looks next. */
  async start(pool: pg.Pool, released: () => void): Promise<void> {
    this.released = released;
    this.utils = await makeWorkerUtils({ pgPool: pool });
    await this.sweep();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.utils = undefined;
  }

  private async sweep(): Promise<void> {
    try {
      await this.release();
    } catch {
      // The database is away: the next sweep looks again.
    }
    if (this.utils) this.timer = setTimeout(() => void this.sweep(), SWEEP_MS).unref();
  }

  private async release(): Promise<void> {
    const missing = await this.prisma.$queryRaw<{ lockKey: number; workerIds: string[] }[]>`
      SELECT l."lockKey", l."workerIds" FROM "WorkerLease" l
      WHERE l."lockKey" <> ${this.identity.lockKey} AND NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = ${WORKER_LOCK_CLASS}::bigint AND objid = l."lockKey")`;
    const dead = missing.filter(({ lockKey }) => this.suspects.has(lockKey));
    this.suspects = new Set(missing.map(({ lockKey }) => lockKey));
    for (const { lockKey, workerIds } of dead) {
      await this.utils?.forceUnlockWorkers(workerIds);
      await this.prisma.workerLease.deleteMany({ where: { lockKey } });
      this.logger.log('a worker process is gone: its jobs run again');
    }
    const unknown = await this.releaseUnknown();
    if (dead.length > 0 || unknown > 0) this.released();
  }

  /** A process that died before its lease was written left locks that no lease speaks of. */
  private async releaseUnknown(): Promise<number> {
    const unknown = await this.prisma.$queryRaw<{ workerId: string }[]>`
      SELECT DISTINCT locked_by AS "workerId" FROM graphile_worker.jobs
      WHERE locked_at < now() - interval '10 seconds' AND locked_by NOT IN (SELECT unnest("workerIds") FROM "WorkerLease")`;
    if (unknown.length > 0) await this.utils?.forceUnlockWorkers(unknown.map(({ workerId }) => workerId));
    return unknown.length;
  }
}
