import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobSweep } from '#src/core/jobs/job-sweep.js';
import { Prisma } from '#src/generated/prisma/client.js';
import { RUN_JOB_PREFIX, RunJobs } from './run-jobs.js';
import { UNFINISHED_STATUSES } from './run-statuses.js';
import { RunsRepository } from './runs.repository.js';

/** Declares which runs need a job: those that have not ended. */
@Injectable()
export class NeededRunJobs implements OnModuleInit {
  constructor(
    private readonly sweep: JobSweep,
    private readonly runs: RunsRepository,
    private readonly jobs: RunJobs,
  ) {}

  onModuleInit(): void {
    this.sweep.register('run.execute', {
      rows: Prisma.sql`
        SELECT id, ARRAY[${RUN_JOB_PREFIX} || id] AS keys FROM "Run"
        WHERE status = ANY(${UNFINISHED_STATUSES}::"RunStatus"[])`,
      add: async (id) => this.jobs.continue(this.runs.db, id, await this.runs.ownerOf(id)),
    });
  }
}
