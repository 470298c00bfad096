import { Global, Module } from '@nestjs/common';
import { AbandonedJobs } from './abandoned-jobs.js';
import { JobQueue } from './job-queue.js';
import { JobWorker } from './job-worker.js';

@Global()
@Module({ providers: [JobQueue, JobWorker, AbandonedJobs], exports: [JobQueue, JobWorker] })
export class JobsModule {}
