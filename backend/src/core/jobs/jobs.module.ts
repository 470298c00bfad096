import { Global, Module } from '@nestjs/common';
import { OrphanedJobs } from './orphaned-jobs.js';
import { JobQueue } from './job-queue.js';
import { JobWorker } from './job-worker.js';

@Global()
@Module({ providers: [JobQueue, JobWorker, OrphanedJobs], exports: [JobQueue, JobWorker] })
export class JobsModule {}
