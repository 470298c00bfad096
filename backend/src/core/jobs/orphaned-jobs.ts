import { Injectable, Logger } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { WORKER_LOCK_CLASS, WorkerIdentity } from '#src/core/database/worker-identity.js';

/**
 * Releases the jobs of dead processes. A process is dead when its advisory lock is not held. After a restart of
 * PostgreSQL running processes lack their locks for a moment too, so a process counts as dead only after two sweeps in
 * a row, and never itself.
 */
@Injectable()
export class OrphanedJobs {
  private readonly logger = new Logger(OrphanedJobs.name);
  private suspects = new Set<number>();

  constructor(
    private readonly prisma: PrismaService,
    private readonly identity: WorkerIdentity,
  ) {}

  /** Releases the jobs of dead processes. Call it every one or two seconds. */
  async sweep(): Promise<void> {
    const missing = await this.prisma.$queryRaw<{ lockKey: number; workerIds: string[] }[]>`
      SELECT l."lockKey", l."workerIds" FROM "WorkerLease" l
      WHERE l."lockKey" <> ${this.identity.lockKey} AND NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = ${WORKER_LOCK_CLASS}::bigint AND objid = l."lockKey")`;
    const dead = missing.filter(({ lockKey }) => this.suspects.has(lockKey));
    this.suspects = new Set(missing.map(({ lockKey }) => lockKey));
    for (const { lockKey, workerIds } of dead) {
      await this.release(workerIds);
      await this.prisma.workerLease.deleteMany({ where: { lockKey } });
      this.logger.log('worker process died: its jobs are retried');
    }
    await this.releaseUnknown();
  }

  /** Releases the locks of processes that died before they wrote their lease. */
  private async releaseUnknown(): Promise<void> {
    const unknown = await this.prisma.$queryRaw<{ workerId: string }[]>`
      SELECT DISTINCT locked_by AS "workerId" FROM graphile_worker.jobs
      WHERE locked_at < now() - interval '10 seconds' AND locked_by NOT IN (SELECT unnest("workerIds") FROM "WorkerLease")`;
    if (unknown.length > 0) await this.release(unknown.map(({ workerId }) => workerId));
  }

  private async release(workerIds: string[]): Promise<void> {
    await this.prisma.$executeRaw`SELECT graphile_worker.force_unlock_workers(${workerIds}::text[])`;
  }
}
