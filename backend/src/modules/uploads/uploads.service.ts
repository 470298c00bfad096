import { createHash } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import type { Request } from 'express';
import type { Caller } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import { WorkerIdentity } from '#src/core/database/worker-identity.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { type IdempotencyReservation, Idempotency } from '#src/core/idempotency/idempotency.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { Upload } from '#src/generated/prisma/client.js';
import { type ArchiveEntry, archiveEntries } from './archive-entries.js';
import type { UploadDto } from './dto/upload.dto.js';
import { ChunkWriter } from './chunk-writer.js';
import { bodyOf } from './upload-body.js';
import { longestMs } from './upload-pace.js';
import { UploadsRepository } from './uploads.repository.js';

const LIFE_MS = 3_600_000;
const MAX_PER_USER = 5;
const CHUNK_BYTES = 64 * 1024;
/** How much larger than its body an archive may be. */
const UNPACKED_FACTOR = 4;

interface Stored {
  sha256: string;
  sizeBytes: number;
}

/**
 * Archives that clients send to be built. The body goes to the database chunk by chunk while its entries are checked; no file is written, so that
 * every API process can build from it and a killed one leaves nothing but rows.
 */
@Injectable()
export class UploadsService implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(UploadsService.name);

  constructor(
    private readonly uploads: UploadsRepository,
    private readonly chunks: ChunkWriter,
    private readonly idempotency: Idempotency,
    private readonly audit: Audit,
    private readonly identity: WorkerIdentity,
    private readonly worker: JobWorker,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.worker.register('upload.sweep', () => this.sweep());
    this.worker.schedule('upload.sweep', '* * * * *');
  }

  /** What the process before this one was receiving need not wait for the next minute. */
  onApplicationBootstrap(): void {
    this.sweep().catch((error: unknown) => this.logger.warn(`uploads: ${String(error)}`));
  }

  async receive(
    caller: Caller,
    request: Request,
    isGzip: boolean,
    idempotent: IdempotentRequest | undefined,
  ): Promise<{ answer: UploadDto; replayed: boolean }> {
    const id = await this.begin(caller, isGzip);
    try {
      const stored = await this.store(id, request, isGzip);
      const body = { sha256: stored.sha256, isGzip };
      const once = await this.idempotency.execute(idempotent && { ...idempotent, body }, (claim) =>
        this.complete(caller, id, stored, claim),
      );
      if (once.replayed) await this.uploads.remove(id);
      return once;
    } catch (error) {
      await this.uploads.remove(id).catch(() => undefined);
      throw error;
    }
  }

  /** Throws UPLOAD_NOT_FOUND for what does not exist, has expired, is not complete, or is somebody else's. */
  async require(db: Db, caller: Caller, id: string): Promise<Upload & { sha256: string }> {
    const upload = await this.uploads.find(db, caller, id, this.clock.now());
    if (upload && upload.sha256 !== null) return { ...upload, sha256: upload.sha256 };
    throw new DomainError('UPLOAD_NOT_FOUND', {
      detail: `Upload ${id} does not exist, or has expired.`,
      hint: 'POST /uploads makes one, which is kept for an hour.',
    });
  }

  /** Can a deployment that is made now be built from it? */
  async isKept(id: string | null): Promise<boolean> {
    const upload = id === null ? null : await this.uploads.byId(id);
    return upload !== null && upload.expiresAt > this.clock.now();
  }

  /** For a build. Undefined when it is gone. */
  find(id: string): Promise<Upload | null> {
    return this.uploads.byId(id);
  }

  /** Its entries, checked again, from the first to the last. */
  entries({ id, isGzip }: Pick<Upload, 'id' | 'isGzip'>): AsyncGenerator<ArchiveEntry> {
    return archiveEntries(this.uploads.chunks(id), { isGzip, maxBytes: this.maxUnpackedBytes });
  }

  private get maxUnpackedBytes(): number {
    return UNPACKED_FACTOR * this.config.upload.maxBytes;
  }

  private async begin({ userId }: Caller, isGzip: boolean): Promise<string> {
    const createdAt = this.clock.now();
    const expiresAt = new Date(createdAt.getTime() + Math.max(LIFE_MS, longestMs(this.config.upload.maxBytes)));
    return this.uploads.transaction(async (db) => {
      await this.uploads.lockUser(db, userId);
      const isFull = (await this.uploads.countKept(db, userId, createdAt)) >= MAX_PER_USER;
      if (isFull && !(await this.uploads.removeOldestBuilt(db, userId)))
        throw new DomainError('UPLOAD_QUOTA_EXCEEDED', {
          detail: `You have ${MAX_PER_USER} uploads that nothing was deployed from yet, the most that are kept.`,
          hint: 'Deploy one of them, or wait until one expires.',
        });
      const row = { userId, isGzip, receiverKey: this.identity.lockKey, createdAt, expiresAt };
      return (await this.uploads.create(db, row)).id;
    });
  }

  private async store(id: string, request: Request, isGzip: boolean): Promise<Stored> {
    const hash = createHash('sha256');
    const { chunks } = this;
    const { maxBytes } = this.config.upload;
    let sizeBytes = 0;
    const kept = async function* () {
      // One buffer for all of it: what is made new for every chunk stays in memory until V8 looks.
      const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      let held = 0;
      let position = 0;
      for await (const part of bodyOf(request, maxBytes)) {
        hash.update(part);
        sizeBytes += part.length;
        for (let at = 0; at < part.length;) {
          const copied = part.copy(chunk, held, at);
          [held, at] = [held + copied, at + copied];
          if (held < CHUNK_BYTES) continue;
          await chunks.write(id, position++, chunk);
          held = 0;
        }
        yield part;
      }
      if (held > 0) await chunks.write(id, position, chunk.subarray(0, held));
    };
    const entries = archiveEntries(kept(), { isGzip, maxBytes: this.maxUnpackedBytes });
    for await (const { content } of entries) content.resume();
    return { sha256: hash.digest('hex'), sizeBytes };
  }

  private complete(caller: Caller, uploadId: string, stored: Stored, claim: IdempotencyReservation): Promise<UploadDto> {
    const completedAt = this.clock.now();
    const expiresAt = new Date(completedAt.getTime() + LIFE_MS);
    return this.uploads.transaction(async (db) => {
      await claim.reserve(db);
      await this.uploads.complete(db, uploadId, { ...stored, completedAt, expiresAt });
      await this.audit.byCaller(db, caller, 'upload.created', uploadId, { ...stored });
      const answer = { uploadId, ...stored, expiresAt };
      await claim.storeResponse(db, answer);
      return answer;
    });
  }

  private sweep(): Promise<void> {
    return this.uploads.sweep(this.clock.now());
  }
}
