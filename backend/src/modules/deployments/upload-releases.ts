import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
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
   * Rebuilds the upload while it is retained, else reuses the image that was built. Throws UPLOAD_GONE when both are
   * gone.
   */
  async redeploy(row: Deployment): Promise<DeploymentRequest> {
    if (await this.uploads.isAvailable(row.uploadId)) return this.requests.cloneFrom(row);
    if (await this.isImageRetained(row)) return this.requests.cloneFrom(row, { keepImage: true });
    throw new DomainError('UPLOAD_GONE', {
      detail: `Neither the upload nor the image of deployment ${row.id} is retained any more.`,
      hint: 'Upload the folder again: POST /uploads, then POST /deployments/from-upload.',
    });
  }

  /** An image in a registry counts as retained: only the pull can tell. */
  private async isImageRetained({ image, imageDigest }: Deployment): Promise<boolean> {
    if (imageDigest === null) return false;
    return isPushed(image) || (await this.images.find(imageDigest)) !== undefined;
  }
}
