import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import { DomainError, invalidField } from '#src/common/errors/domain-error.js';
import { type JsonObject, omit } from '#src/common/merge-patch.js';
import { Clock } from '#src/common/time/clock.js';
import { validated, validationFailed } from '#src/common/validation.pipe.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment, DeploymentSource } from '#src/generated/prisma/client.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import type { PlannedChange } from '#src/modules/deployments/dry-run.js';
import {
  DeploymentFactory,
  keptExpiry,
  keptImage,
  type NewDeployment,
} from '#src/modules/deployments/deployment-factory.js';
import { FileContentsService } from '#src/modules/deployments/files/file-contents.service.js';
import { UploadReleases } from '#src/modules/deployments/upload-releases.js';
import { changedRequest, changeErrors, keepsImage } from './changed-request.js';
import { type FieldChange, fieldChanges } from './field-changes.js';
import { REQUESTS, type StoredRequest, storedRequestOf } from './stored-request.js';

/** What a release is made from. */
export interface Basis {
  /** has the image and the source */
  image: Deployment;
  /** has the place and the expiry */
  place: Pick<Deployment, 'environmentId' | 'name' | 'expiresAt'>;
  request: StoredRequest;
}

/** A merge patch of the request. */
export interface Change {
  patch: JsonObject;
  keepImage: boolean | undefined;
}

export interface ChangedRelease extends PlannedChange {
  changes: FieldChange[];
}

/** Builds releases from earlier ones and a patch. Secrets are in clear text only inside. */
@Injectable()
export class ReleaseChanges {
  constructor(
    private readonly requests: DeploymentFactory,
    private readonly uploadReleases: UploadReleases,
    private readonly secrets: SecretBox,
    private readonly files: FileContentsService,
    private readonly clock: Clock,
  ) {}

  async requestOf(db: Db, row: Deployment): Promise<StoredRequest> {
    return storedRequestOf(row, this.secrets, await this.files.read(db, row));
  }

  /** The basis of a change. A public domain is claimed once: again only if the patch names it, or if it never was. */
  async basisOf(db: Db, row: Deployment, patch: JsonObject): Promise<Basis> {
    const request = await this.requestOf(db, row);
    const isClaimed = row.status === 'RUNNING' || row.status === 'STOPPED';
    const { virtualHost, virtualPort } = row;
    const claim = virtualHost !== null && (!isClaimed || claims(patch)) && { virtualHost, virtualPort };
    return { image: row, place: row, request: { ...request, shown: { ...request.shown, ...withoutNulls(claim) } } };
  }

  /** Throws VALIDATION_FAILED with paths of the patch, which are those of the request. */
  async make(db: Db, caller: Caller, basis: Basis, { patch, keepImage }: Change): Promise<ChangedRelease> {
    const { image, place, request } = basis;
    const errors = changeErrors(image.source, request, patch, keepImage);
    if (errors.length > 0) throw validationFailed(errors);
    const body: JsonObject = {
      ...changedRequest(request, patch),
      environmentId: place.environmentId,
      name: place.name,
    };
    checkClaim(caller, patch, body);
    const isKept = keepsImage(request, patch, keepImage) && isUsable(image);
    if (keepImage === true && !isKept) throw imageUnknown(image);
    const { registryAuth, ...made } = await this.requestFrom(image.source, body);
    const expiry = 'ttlSeconds' in patch ? {} : { expiresAt: keptExpiry(place, this.clock.now()) };
    const sourceSha256 = await this.uploadReleases.sourceOf(db, caller, image, { isKept, uploadId: patch['uploadId'] });
    Object.assign(made.data, expiry, { sourceSha256 }, isKept && { ...keptImage(image), isChange: true });
    if (isKept && columnsOf(image).build?.releaseFromProcfile && made.run.releaseCommand.length === 0)
      made.data.releaseCommand = image.releaseCommand;
    return {
      request: { ...made, of: image.id },
      keepsImage: isKept,
      registryAuth,
      changes: fieldChanges(request, omit(body, 'environmentId', 'name')),
    };
  }

  private async requestFrom(
    source: DeploymentSource,
    body: object,
  ): Promise<NewDeployment & Pick<PlannedChange, 'registryAuth'>> {
    switch (source) {
      case 'IMAGE': {
        const image = await validated(REQUESTS[source], body);
        return { ...this.requests.fromImage(image), registryAuth: image.registryAuth };
      }
      case 'GIT':
        return this.requests.fromGit(await validated(REQUESTS[source], body));
      case 'UPLOAD':
        return this.requests.fromUpload(await validated(REQUESTS[source], body));
    }
  }
}

/**
 * True when another release can use the image. One that was built for a release that has not run is removed when that
 * release fails.
 */
function isUsable({ imageDigest, source, rollbackOfId, status }: Deployment): boolean {
  if (imageDigest === null) return false;
  return source === 'IMAGE' || rollbackOfId !== null || status === 'RUNNING' || status === 'STOPPED';
}

function claims(patch: JsonObject): boolean {
  return 'virtualHost' in patch || 'virtualPort' in patch;
}

function checkClaim(caller: Caller, patch: JsonObject, body: JsonObject): void {
  if (!claims(patch)) return;
  if (body['virtualHost'] !== undefined) requireScope(caller, 'ENVIRONMENTS_WRITE');
  else if (patch['virtualPort'] != null) throw invalidField('virtualPort', 'is only valid with virtualHost');
}

function withoutNulls(value: object | false): JsonObject {
  return Object.fromEntries(Object.entries(value || {}).filter(([, entry]) => entry !== null));
}

function imageUnknown({ id, status }: Deployment): DomainError {
  return new DomainError('DEPLOYMENT_STATUS_CONFLICT', {
    detail: `Deployment ${id} is ${status}: it has no image that another release can use.`,
    hint: 'Wait until it is RUNNING, or leave out keepImage.',
  });
}
