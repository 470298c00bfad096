import { Injectable } from '@nestjs/common';
import type { Db } from '#src/core/database/prisma.service.js';

/** Payload of each job by its name. */
export interface JobPayloads {
  'deployment.run': { deploymentId: string };
  /** The same for a deployment that must be built first. */
  'deployment.build-and-run': { deploymentId: string };
  /** Ends the drain of the previous release, or checks the new one until then. */
  'deployment.drain': { deploymentId: string };
  'deployment.remove': { deploymentId: string; deleteVolumes: boolean };
  /** Reconciles the Engine with the row of a running deployment. */
  'deployment.repair': { deploymentId: string };
  /** The TTL has expired, or expires soon. */
  'deployment.expire': { deploymentId: string };
  /** Begins a run, or continues to watch one that has begun. */
  'run.execute': { runId: string };
  'run.sweep': object;
  'hook.forget-deliveries': object;
  'deployment.prune-events': object;
  'deployment.prune': object;
  'deployment.sweep-files': object;
  'audit.prune': object;
  'build.sweep-directories': object;
  'build.prune-images': object;
  'upload.sweep': object;
  'registry.sweep': object;
  'registry.collect': object;
  'idempotency.forget': object;
  'environment.teardown': { environmentId: string };
  'environment.expire': { environmentId: string };
  'ingress.sweep': object;
  'site.converge': { siteId: string };
  'certificate.maintain': { domain: string };
  'auth.forget-links': object;
  /** A sealed call of the Bot API, because it may hold a link. */
  'telegram.send': { sealed: string };
  /** Removes an expired or used magic link from its message. */
  'telegram.link-ended': { linkId: string };
  'telegram.notify': { deploymentId: string; status: 'RUNNING' | 'FAILED' };
  'telegram.expiring': { environmentId: string; deploymentId?: string };
  'telegram.forget-updates': object;
}
export type JobName = keyof JobPayloads;

export interface JobOptions {
  /** At most one job with this key is queued; adding another replaces its payload. */
  key?: string;
  /** Jobs with the same queue name run one after the other. */
  queueName?: string | undefined;
  /** Earliest start; default: now. */
  runAt?: Date;
  /** Lower values run first; default: 0. */
  priority?: number;
  /** Key of a concurrency limit: a process runs a limited number of jobs with the same key at a time. */
  concurrencyKey?: string;
}

/** Adds a job in the caller's transaction: both are committed, or neither. */
@Injectable()
export class JobQueue {
  async add<N extends JobName>(
    db: Db,
    name: N,
    payload: JobPayloads[N],
    { key, queueName, runAt, priority, concurrencyKey }: JobOptions = {},
  ): Promise<void> {
    const json = JSON.stringify(payload);
    await db.$executeRaw`SELECT graphile_worker.add_job(${name}, ${json}::json, queue_name := ${queueName ?? null}, job_key := ${key ?? null}, run_at := ${runAt ?? null}::timestamptz, priority := ${priority ?? null}::int, flags := ${concurrencyKey ? [concurrencyKey] : null}::text[])`;
  }
}
