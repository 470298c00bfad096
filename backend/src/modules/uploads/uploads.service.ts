import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { Upload } from '#src/generated/prisma/client.js';
import { type ArchiveEntry, archiveEntries, maxUnpackedBytes } from './archive-entries.js';
import { UploadsRepository } from './uploads.repository.js';

/** Gives access to the archives that clients have uploaded (`UploadReceiver`), and deletes expired ones. */
@Injectable()
export class UploadsService implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(UploadsService.name);

  constructor(
    private readonly uploads: UploadsRepository,
    private readonly worker: JobWorker,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.worker.register('upload.sweep', () => this.sweep());
    this.worker.schedule('upload.sweep', '* * * * *');
  }

  /** Deletes incomplete uploads of the previous process at once. */
  onApplicationBootstrap(): void {
    this.sweep().catch((error: unknown) => this.logger.warn(`sweep of uploads failed: ${String(error)}`));
  }

  /**
   * Throws UPLOAD_NOT_FOUND for an upload that does not exist, has expired, is incomplete, or belongs to another user.
   */
  async require(db: Db, caller: Caller, id: string): Promise<Upload & { sha256: string }> {
    const upload = await this.uploads.find(db, caller, id, this.clock.now());
    if (upload && upload.sha256 !== null) return { ...upload, sha256: upload.sha256 };
    throw new DomainError('UPLOAD_NOT_FOUND', {
      detail: `Upload ${id} does not exist, or has expired.`,
      hint: 'POST /uploads creates an upload, which expires after an hour.',
    });
  }

  /** True when a new deployment can be built from the upload. */
  async isAvailable(id: string | null): Promise<boolean> {
    const upload = id === null ? null : await this.uploads.byId(id);
    return upload !== null && upload.expiresAt > this.clock.now();
  }

  /** Finds an upload for a build, without a check of the owner. Null when it does not exist any more. */
  find(id: string): Promise<Upload | null> {
    return this.uploads.byId(id);
  }

  /** Yields all entries of the upload, and validates them like `archiveEntries`. */
  entries({ id, isGzip }: Pick<Upload, 'id' | 'isGzip'>): AsyncGenerator<ArchiveEntry> {
    const maxBytes = maxUnpackedBytes(this.config.upload.maxBytes);
    return archiveEntries(this.uploads.chunks(id), { isGzip, maxBytes });
  }

  private sweep(): Promise<void> {
    return this.uploads.sweep(this.clock.now());
  }
}
