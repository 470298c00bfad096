import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { expiryWarningAt } from '#src/common/time/ttl.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { EnvironmentTeardown } from './environment-teardown.js';
import { EnvironmentsRepository } from './environments.repository.js';

/** Warns before an environment expires, and deletes it when it does. */
@Injectable()
export class EnvironmentExpiry implements OnModuleInit {
  constructor(
    private readonly environments: EnvironmentsRepository,
    private readonly teardown: EnvironmentTeardown,
    private readonly jobs: JobQueue,
    private readonly worker: JobWorker,
    private readonly audit: Audit,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.worker.register('environment.expire', ({ environmentId }) => this.checkExpiry(environmentId));
  }

  /** Schedules the expiry warning. A later PATCH may extend the TTL: the job reads the row. */
  async scheduleWarning(db: Db, id: string, expiresAt: Date | null): Promise<void> {
    if (expiresAt !== null) await this.scheduleCheck(db, id, expiryWarningAt(this.clock.now(), expiresAt));
  }

  private async checkExpiry(id: string): Promise<void> {
    const row = await this.environments.byId(id);
    if (!row?.expiresAt || row.status !== 'ACTIVE') return;
    const { expiresAt } = row;
    await this.environments.transaction(async (db) => {
      if (expiresAt > this.clock.now()) {
        await this.audit.byPlatform(db, 'environment.expiring', id, { at: expiresAt.toISOString() });
        if (this.config.telegram.isOn) await this.jobs.add(db, 'telegram.expiring', { environmentId: id });
        await this.scheduleCheck(db, id, expiresAt);
      } else if (await this.teardown.enqueue(db, id, { preserveVolumes: false })) {
        await this.audit.byPlatform(db, 'environment.expired', id);
      }
    });
  }

  private async scheduleCheck(db: Db, environmentId: string, runAt: Date): Promise<void> {
    await this.jobs.add(db, 'environment.expire', { environmentId }, { key: `expire/${environmentId}`, runAt });
  }
}
