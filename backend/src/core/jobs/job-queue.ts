import { Injectable } from '@nestjs/common';
import type { Db } from '#src/core/database/prisma.service.js';

/** Every kind of job with its payload. */
export interface JobPayloads {
  'deployment.run': { deploymentId: string };
  /** the same for what has to be built first */
  'deployment.build-and-run': { deploymentId: string };
  'deployment.remove': { deploymentId: string; deleteVolumes: boolean };
  /** brings the Engine to what the row of something that runs says */
  'deployment.repair': { deploymentId: string };
  /** its life is over, or soon */
  'deployment.expire': { deploymentId: string };
  'hook.forget-deliveries': object;
  'deployment.prune-events': object;
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
  /** a call of the Bot API, sealed: it may hold a link */
  'telegram.send': { sealed: string };
  /** the message that holds a magic link must no longer offer it */
  'telegram.link-ended': { linkId: string };
  'telegram.notify': { deploymentId: string; status: 'RUNNING' | 'FAILED' };
  'telegram.expiring': { environmentId: string; deploymentId?: string };
  'telegram.forget-updates': object;
}
export type JobName = keyof JobPayloads;

export interface JobOptions {
  /** At most one job with this key waits; adding it again replaces the payload. */
  key?: string;
  /** Jobs of one lane run one after the other. */
  lane?: string | undefined;
  /** not before; at once when missing */
  runAt?: Date;
  /** the lower, the sooner; 0 when missing */
  priority?: number;
  /** Of the jobs of one share, a process works on so many at a time and no more. */
  share?: string;
}

/** Adds a job in the caller's transaction: both are committed, or neither. */
@Injectable()
export class JobQueue {
  async add<N extends JobName>(
    db: Db,
    name: N,
    payload: JobPayloads[N],
    { key, lane, runAt, priority, share }: JobOptions = {},
  ): Promise<void> {
    const json = JSON.stringify(payload);
    await db.$executeRaw`SELECT graphile_worker.add_job(${name}, ${json}::json, queue_name := ${lane ?? null}, job_key := ${key ?? null}, run_at := ${runAt ?? null}::timestamptz, priority := ${priority ?? null}::int, flags := ${share ? [share] : null}::text[])`;
  }
}
