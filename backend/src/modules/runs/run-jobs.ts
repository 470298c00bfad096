import { Injectable } from '@nestjs/common';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';

/** Key of the only job that executes a run. */
export const RUN_JOB_PREFIX = 'run-once/';
/** A run that has begun is watched again before others begin. */
const WATCHED_FIRST = -1;

const SLOT_RECHECK_MS = 5000;

/** Adds the job of a run, in the transaction that makes it necessary. */
@Injectable()
export class RunJobs {
  constructor(private readonly jobs: JobQueue) {}

  /** `behind` is the number of the user's own unfinished runs, so that users get workers in turn. */
  async execute(
    db: Db,
    runId: string,
    { userId, behind, runAt = new Date() }: { userId: string; behind: number; runAt?: Date },
  ): Promise<void> {
    const options = { key: `${RUN_JOB_PREFIX}${runId}`, priority: behind, concurrencyKey: `user/${userId}`, runAt };
    await this.jobs.add(db, 'run.execute', { runId }, options);
  }

  /** Tries again when another run of the user may have ended. */
  async postpone(db: Db, runId: string, userId: string): Promise<void> {
    await this.execute(db, runId, { userId, behind: 0, runAt: new Date(Date.now() + SLOT_RECHECK_MS) });
  }

  async continue(db: Db, runId: string, userId: string): Promise<void> {
    await this.execute(db, runId, { userId, behind: WATCHED_FIRST });
  }
}
