import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { Images } from '#src/integrations/docker/images.js';
import { UploadsService } from '#src/modules/uploads/uploads.service.js';
import { type DeploymentRequest, DeploymentFactory } from './deployment-factory.js';
import { isPushed } from './domain/built-image.js';

/** Redeploys uploads, although an upload expires after an hour. */
@Injectable()
export class UploadReleases {
  constructor(
    private readonly uploads: UploadsService,
    private readonly requests: DeploymentFactory,
    private readonly images: Images,
  ) {}

  /**
   * Clones a deployment. Rebuilds an upload while it is retained, else reuses the image that was built. Throws
   * UPLOAD_GONE when both are gone.
   */
  async redeploy(row: Deployment): Promise<DeploymentRequest> {
    if (row.source !== 'UPLOAD') return this.requests.cloneFrom(row);
    if (await this.uploads.isAvailable(row.uploadId)) return this.requests.cloneFrom(row);
    if (await this.isImageRetained(row)) return this.requests.cloneFrom(row, { keepImage: true });
    throw gone(`Neither the upload nor the image of deployment ${row.id} is retained any more.`);
  }

  /**
   * SHA-256 of the files that a release of `row` has: those of a given upload, else the same. Null without an upload.
   * Throws UPLOAD_NOT_FOUND, and UPLOAD_GONE when the image has to be built and the upload has expired.
   */
  async sourceOf(
    db: Db,
    caller: Caller,
    { id, source, uploadId, sourceSha256 }: Deployment,
    change: { isKept: boolean; uploadId: unknown },
  ): Promise<string | null> {
    if (source !== 'UPLOAD') return null;
    if (typeof change.uploadId === 'string') return (await this.uploads.require(db, caller, change.uploadId)).sha256;
    if (change.isKept || (await this.uploads.isAvailable(uploadId))) return sourceSha256;
    throw gone(`The upload of deployment ${id} is not retained any more, so that it cannot be built again.`);
  }

  /** An image in a registry counts as retained: only the pull can tell. */
  private async isImageRetained({ image, imageDigest }: Deployment): Promise<boolean> {
    if (imageDigest === null) return false;
    return isPushed(image) || (await this.images.find(imageDigest)) !== undefined;
  }
}

function gone(detail: string): DomainError {
  return new DomainError('UPLOAD_GONE', {
    detail,
    hint: 'Upload the folder again: POST /uploads, then POST /deployments/from-upload.',
  });
}
