import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';

/** Deletes old audit events once an hour. */
@Injectable()
export class AuditRetention implements OnModuleInit {
  constructor(
    private readonly audit: Audit,
    private readonly worker: JobWorker,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.worker.register('audit.prune', () => this.audit.deleteOlderThan(this.config.retention.auditDays));
    this.worker.schedule('audit.prune', '29 * * * *');
  }
}
