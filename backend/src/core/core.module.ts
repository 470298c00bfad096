import { Global, Module } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { IdSource } from '#src/common/time/id-source.js';
import { Audit } from './audit/audit.js';
import { SecretBox } from './crypto/secret-box.js';
import { Idempotency } from './idempotency/idempotency.js';
import { JobQueue } from './jobs/job-queue.js';
import { JobSweep } from './jobs/job-sweep.js';
import { JobWorker } from './jobs/job-worker.js';
import { OrphanedJobs } from './jobs/orphaned-jobs.js';

const services = [Clock, IdSource, SecretBox, Audit, Idempotency, JobQueue, JobSweep, JobWorker];

/** Services that every module may use without an import. Only modules of core are global. */
@Global()
@Module({ providers: [...services, OrphanedJobs], exports: services })
export class CoreModule {}
