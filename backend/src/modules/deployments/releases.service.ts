import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import type { AuditAction } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { UploadsService } from '#src/modules/uploads/uploads.service.js';
import { DeploymentFactory } from './deployment-factory.js';
import { DeploymentsRepository, type DeploymentRow } from './repositories/deployments.repository.js';
import { DeploymentsService, notFound, wrongStatus } from './deployments.service.js';
import type { CreateDeploymentDto } from './dto/create-deployment.dto.js';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import type { CreateUploadDeploymentDto } from './dto/create-upload-deployment.dto.js';
import { type Created, ReleaseCreation } from './release-creation.js';

/** Creates releases for users: from an image, a repository or an upload, and from an existing deployment. */
@Injectable()
export class ReleasesService {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly service: DeploymentsService,
    private readonly requests: DeploymentFactory,
    private readonly creation: ReleaseCreation,
    private readonly uploads: UploadsService,
  ) {}

  createFromImage(caller: Caller, body: CreateDeploymentDto, idempotent?: IdempotentRequest): Promise<Created> {
    const how = { action: 'deployment.created' } as const;
    return this.creation.create(caller, this.requests.fromImage(body), how, idempotent);
  }

  createFromGit(caller: Caller, body: CreateGitDeploymentDto, idempotent?: IdempotentRequest): Promise<Created> {
    const how = { action: 'deployment.created' } as const;
    return this.creation.create(caller, this.requests.fromGit(body), how, idempotent);
  }

  createFromUpload(caller: Caller, body: CreateUploadDeploymentDto, idempotent?: IdempotentRequest): Promise<Created> {
    const request = this.requests.fromUpload(body);
    const before = async (db: Db) => {
      request.data.sourceSha256 = (await this.uploads.require(db, caller, body.uploadId)).sha256;
    };
    return this.creation.create(caller, request, { action: 'deployment.created', before }, idempotent);
  }

  /** Creates a release with the image, specification and secrets of the previous release, or of a given one. */
  async rollback(
    caller: Caller,
    id: string,
    targetId: string | undefined,
    idempotent?: IdempotentRequest,
  ): Promise<Created> {
    const row = await this.service.get(caller, id);
    const target = targetId === undefined ? await this.previous(row) : await this.given(caller, row, targetId);
    return this.releaseImageOf(caller, target, 'deployment.rolledBack', idempotent);
  }

  /** Creates a release that runs a stopped deployment unchanged. */
  async start(caller: Caller, id: string, idempotent?: IdempotentRequest): Promise<Created> {
    const row = await this.service.get(caller, id);
    if (row.status !== 'STOPPED')
      throw wrongStatus(row, 'Only a STOPPED deployment can be started. Redeploy it to create a new release.');
    if (await this.deployments.hasLive(row.environmentId, row.name))
      throw wrongStatus(row, `Another release of ${row.name} is live. Roll back to this one instead.`);
    return this.releaseImageOf(caller, row, 'deployment.started', idempotent);
  }

  private releaseImageOf(
    caller: Caller,
    target: DeploymentRow,
    action: AuditAction,
    idempotent: IdempotentRequest | undefined,
  ): Promise<Created> {
    if (target.imageDigest === null)
      throw new DomainError('ROLLBACK_NOT_POSSIBLE', {
        detail: `The image digest of deployment ${target.id} is unknown: it failed before the image was resolved.`,
        hint: 'Redeploy it instead.',
      });
    const data = this.requests.cloneFrom(target, { keepImage: true });
    return this.creation.create(caller, data, { action }, idempotent);
  }

  private async previous({ id, environmentId, name, createdAt }: DeploymentRow): Promise<DeploymentRow> {
    const previous = await this.deployments.ranBefore(environmentId, name, createdAt);
    if (previous) return previous;
    throw new DomainError('ROLLBACK_NOT_POSSIBLE', {
      detail: `No release of ${name} ran before deployment ${id}.`,
      hint: 'Choose a release with `deploymentId`.',
    });
  }

  private async given(caller: Caller, row: DeploymentRow, targetId: string): Promise<DeploymentRow> {
    const target = await this.deployments.byId(caller, targetId);
    if (!target || target.environmentId !== row.environmentId || target.name !== row.name)
      return notFound(`A release ${targetId} of ${row.name}`);
    if (target.status === 'RUNNING' || target.status === 'STOPPED') return target;
    throw wrongStatus(target, 'Choose a release that has been RUNNING.');
  }
}
