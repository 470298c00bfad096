import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { PrismaService } from '#src/core/database/prisma.service.js';
import type { Prisma } from '#src/generated/prisma/client.js';
import type { JobName } from './job-queue.js';

const SWEEP_INTERVAL_MS = 15_000;

/** The rows that need a job of one kind. */
export interface NeededJobs {
  /** Selects `id` (text), and `keys` (text[]): the keys of the jobs that do the work. */
  rows: Prisma.Sql;
  add: (id: string) => Promise<void>;
}

/**
 * Adds the jobs that are lost: every row that needs a job has one, also after a restore of the database, which does not
 * restore the queue, and after the queue has given up a job. Modules declare their rows beside the job's handler.
 */
@Injectable()
export class JobSweep {
  private readonly logger = new Logger(JobSweep.name);
  private readonly needed: (NeededJobs & { name: JobName })[] = [];

  constructor(private readonly prisma: PrismaService) {}

  register(name: JobName, needed: NeededJobs): void {
    this.needed.push({ name, ...needed });
  }

  @Interval(SWEEP_INTERVAL_MS)
  async sweep(): Promise<void> {
    for (const needed of this.needed)
      await this.addLost(needed).catch((error: unknown) =>
        this.logger.debug(`sweep of ${needed.name} failed: ${String(error)}`),
      );
  }

  private async addLost({ name, rows, add }: NeededJobs & { name: JobName }): Promise<void> {
    const lost = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT needed.id FROM (${rows}) AS needed WHERE NOT EXISTS (
        SELECT 1 FROM graphile_worker.jobs j
        WHERE j.key = ANY(needed.keys) AND (j.locked_at IS NOT NULL OR j.attempts < j.max_attempts))`;
    for (const { id } of lost) {
      this.logger.warn(`${id} has no job ${name}: job created`);
      await add(id);
    }
  }
}
