import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobSweep } from '#src/core/jobs/job-sweep.js';
import { Prisma } from '#src/generated/prisma/client.js';
import { SitesRepository } from './sites/sites.repository.js';

/** Declares which sites and certificates need a job. A site that lost its edge is found by the reconciler. */
@Injectable()
export class NeededIngressJobs implements OnModuleInit {
  constructor(
    private readonly sweep: JobSweep,
    private readonly sites: SitesRepository,
  ) {}

  onModuleInit(): void {
    const { db } = this.sites;
    // Not removed yet, or neither proven nor reported as not serving.
    this.sweep.register('site.converge', {
      rows: Prisma.sql`
        SELECT s.id, ARRAY['site/' || s.id] AS keys FROM "Site" s LEFT JOIN "Environment" e ON e.id = s."environmentId"
        WHERE s.state = 'LEAVING' OR (s."provenAt" IS NULL AND e.status = 'ACTIVE' AND e."errorMessage" IS NULL)`,
      add: (id) => this.sites.converge(db, [{ id }]),
    });
    this.sweep.register('certificate.maintain', {
      rows: Prisma.sql`
        SELECT c.domain AS id, ARRAY['certificate/' || c.domain] AS keys
        FROM "Certificate" c JOIN "Site" s ON s.domain = c.domain WHERE s.state = 'SERVED'`,
      add: (domain) => this.sites.scheduleCertificateCheck(db, domain),
    });
  }
}
