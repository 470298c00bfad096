import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { WORKER_LOCK_CLASS, WorkerIdentity } from '#src/core/database/worker-identity.js';

/**
 * Elects the API process that does periodic work for all processes of the database: the oldest one whose advisory lock
 * is held. Nothing is written. While a lock is being restored, two processes may lead for a moment.
 */
@Injectable()
export class LeadingProcess {
  constructor(
    private readonly prisma: PrismaService,
    private readonly identity: WorkerIdentity,
  ) {}

  async isThisProcess(): Promise<boolean> {
    const [leader] = await this.prisma.$queryRaw<{ lockKey: number }[]>`
      SELECT l."lockKey" FROM "WorkerLease" l
      WHERE EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = ${WORKER_LOCK_CLASS}::bigint AND objid = l."lockKey")
      ORDER BY l."createdAt", l."lockKey" LIMIT 1`;
    return leader?.lockKey === this.identity.lockKey;
  }
}
