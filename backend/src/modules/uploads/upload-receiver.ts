import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Caller } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import { WorkerIdentity } from '#src/core/database/worker-identity.js';
import { type IdempotencyReservation, Idempotency } from '#src/core/idempotency/idempotency.js';
import { archiveEntries, maxUnpackedBytes } from './archive-entries.js';
import { ChunkWriter } from './chunk-writer.js';
import type { UploadDto } from './dto/upload.dto.js';
import { bodyOf } from './upload-body.js';
import { longestMs } from './upload-pace.js';
import { UploadsRepository } from './uploads.repository.js';

const TTL_MS = 3_600_000;
const MAX_PER_USER = 5;
const CHUNK_BYTES = 64 * 1024;

interface Stored {
  sha256: string;
  sizeBytes: number;
}

/**
 * Receives archives that clients upload to be built. It writes the body to the database in chunks while it validates
 * the entries. It writes no file, so that every API process can build from it and a killed process leaves only rows.
 */
@Injectable()
export class UploadReceiver {
  constructor(
    private readonly uploads: UploadsRepository,
    private readonly chunks: ChunkWriter,
    private readonly idempotency: Idempotency,
    private readonly audit: Audit,
    private readonly identity: WorkerIdentity,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  async receive(
    caller: Caller,
    request: Request,
    isGzip: boolean,
    idempotent: IdempotentRequest | undefined,
  ): Promise<{ answer: UploadDto; replayed: boolean }> {
    const id = await this.createRow(caller, isGzip);
    try {
      const stored = await this.store(id, request, isGzip);
      const body = { sha256: stored.sha256, isGzip };
      const result = await this.idempotency.execute(idempotent && { ...idempotent, body }, (claim) =>
        this.complete(caller, id, stored, claim),
      );
      if (result.replayed) await this.uploads.remove(id);
      return result;
    } catch (error) {
      await this.uploads.remove(id).catch(() => undefined);
      throw error;
    }
  }

  private async createRow({ userId, keyId }: Caller, isGzip: boolean): Promise<string> {
    const createdAt = this.clock.now();
    const expiresAt = new Date(createdAt.getTime() + Math.max(TTL_MS, longestMs(this.config.upload.maxBytes)));
    return this.uploads.transaction(async (db) => {
      await this.uploads.lockUser(db, userId);
      const isFull = (await this.uploads.countKept(db, userId, createdAt)) >= MAX_PER_USER;
      if (isFull && !(await this.uploads.removeOldestBuilt(db, userId)))
        throw new DomainError('UPLOAD_QUOTA_EXCEEDED', {
          detail: `You have ${MAX_PER_USER} uploads that are not deployed, the maximum.`,
          hint: 'Deploy one of them, or wait until one expires.',
        });
      const row = { userId, keyId, isGzip, receiverKey: this.identity.lockKey, createdAt, expiresAt };
      return (await this.uploads.create(db, row)).id;
    });
  }

  private async store(id: string, request: Request, isGzip: boolean): Promise<Stored> {
    const hash = createHash('sha256');
    const { chunks } = this;
    const { maxBytes } = this.config.upload;
    let sizeBytes = 0;
    const storing = async function* () {
      // One buffer for all chunks: a new buffer per chunk would stay in memory until the next garbage collection.
      const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      let filled = 0;
      let position = 0;
      for await (const part of bodyOf(request, maxBytes)) {
        hash.update(part);
        sizeBytes += part.length;
        for (let at = 0; at < part.length;) {
          const copied = part.copy(chunk, filled, at);
          [filled, at] = [filled + copied, at + copied];
          if (filled < CHUNK_BYTES) continue;
          await chunks.write(id, position++, chunk);
          filled = 0;
        }
        yield part;
      }
      if (filled > 0) await chunks.write(id, position, chunk.subarray(0, filled));
    };
    const entries = archiveEntries(storing(), { isGzip, maxBytes: maxUnpackedBytes(maxBytes) });
    for await (const { content } of entries) content.resume();
    return { sha256: hash.digest('hex'), sizeBytes };
  }

  private complete(
    caller: Caller,
    uploadId: string,
    stored: Stored,
    claim: IdempotencyReservation,
  ): Promise<UploadDto> {
    const completedAt = this.clock.now();
    const expiresAt = new Date(completedAt.getTime() + TTL_MS);
    return this.uploads.transaction(async (db) => {
      await claim.reserve(db);
      await this.uploads.complete(db, uploadId, { ...stored, completedAt, expiresAt });
      await this.audit.byCaller(db, caller, 'upload.created', uploadId, { ...stored });
      const answer = { uploadId, ...stored, expiresAt };
      await claim.storeResponse(db, answer);
      return answer;
    });
  }
}
