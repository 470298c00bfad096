import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobSweep } from '#src/core/jobs/job-sweep.js';
import { Prisma } from '#src/generated/prisma/client.js';
import { EnvironmentExpiry } from './environment-expiry.js';
import { EnvironmentTeardown } from './environment-teardown.js';
import { EnvironmentsRepository } from './environments.repository.js';

/** Declares which environments need a job. */
@Injectable()
export class NeededEnvironmentJobs implements OnModuleInit {
  constructor(
    private readonly sweep: JobSweep,
    private readonly environments: EnvironmentsRepository,
    private readonly teardown: EnvironmentTeardown,
    private readonly expiry: EnvironmentExpiry,
  ) {}

  onModuleInit(): void {
    const { db } = this.environments;
    this.sweep.register('environment.teardown', {
      rows: Prisma.sql`SELECT id, ARRAY['teardown/' || id] AS keys FROM "Environment" WHERE status = 'DELETING'`,
      add: (id) => this.teardown.addJob(db, id),
    });
    this.sweep.register('environment.expire', {
      rows: Prisma.sql`
        SELECT id, ARRAY['expire/' || id] AS keys FROM "Environment"
        WHERE status = 'ACTIVE' AND "expiresAt" IS NOT NULL`,
      add: async (id) => this.expiry.scheduleWarning(db, id, (await this.environments.byId(id))?.expiresAt ?? null),
    });
  }
}
