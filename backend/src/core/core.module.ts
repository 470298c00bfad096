import { Global, Module, type Provider } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { IdSource } from '#src/common/time/id-source.js';
import { Config } from '#src/config/config.js';
import { Audit } from './audit/audit.js';
import { openSecretBox } from './crypto/open-secret-box.js';
import { SealedRows } from './crypto/sealed-rows.js';
import { SecretBox } from './crypto/secret-box.js';
import { DatabaseConnection } from './database/database-connection.js';
import { PlatformSettingsRepository } from './database/platform-settings.repository.js';
import { Idempotency } from './idempotency/idempotency.js';
import { JobQueue } from './jobs/job-queue.js';
import { JobSweep } from './jobs/job-sweep.js';
import { JobWorker } from './jobs/job-worker.js';
import { LeadingProcess } from './jobs/leading-process.js';
import { OrphanedJobs } from './jobs/orphaned-jobs.js';

const services = [Clock, IdSource, Audit, Idempotency, JobQueue, JobSweep, JobWorker, LeadingProcess];

const secretBox: Provider = {
  provide: SecretBox,
  inject: [Config, PlatformSettingsRepository, SealedRows, DatabaseConnection],
  useFactory: (config: Config, settings: PlatformSettingsRepository, rows: SealedRows, database: DatabaseConnection) =>
    openSecretBox(config, settings, rows).catch(async (error: unknown) => {
      // The start ends here, so that nothing else would stop the embedded server.
      await database.close();
      throw error;
    }),
};

/** Services that every module may use without an import. Only modules of core are global. */
@Global()
@Module({ providers: [...services, OrphanedJobs, SealedRows, secretBox], exports: [...services, SecretBox] })
export class CoreModule {}
