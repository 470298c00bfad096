import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { ContainerSamplesRepository } from './repositories/container-samples.repository.js';
import { FileContentsRepository } from './repositories/file-contents.repository.js';
import { RetentionRepository } from './repositories/retention.repository.js';

/** Releases of a name that a user may compare with or roll back to: they have their logs and files. */
const KEPT_RELEASES = 10;
/** A row has up to some 500 KB of commands and variables. */
const MAX_ENDED_DEPLOYMENTS_PER_USER = 5000;

/** Bounds what ended deployments leave in the database. Runs often, because a user can fill it within hours. */
@Injectable()
export class Retention implements OnModuleInit {
  constructor(
    private readonly repository: RetentionRepository,
    private readonly files: FileContentsRepository,
    private readonly samples: ContainerSamplesRepository,
    private readonly worker: JobWorker,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.worker.register('deployment.prune', () => this.prune());
    this.worker.schedule('deployment.prune', '*/10 * * * *');
  }

  async prune(): Promise<void> {
    const { logDays, logBytesPerUser } = this.config.retention;
    await this.repository.deleteOldLogs({ days: logDays, releases: KEPT_RELEASES });
    await this.repository.deleteLogsAbove(logBytesPerUser);
    await this.repository.deleteRunLogsAbove(logBytesPerUser);
    await this.repository.deleteDeploymentsAbove(MAX_ENDED_DEPLOYMENTS_PER_USER);
    await this.files.prune(KEPT_RELEASES);
    await this.samples.prune();
  }
}
