import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { omit } from '#src/common/merge-patch.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import type { DeploymentRequest } from '#src/modules/deployments/deployment-factory.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import { DryRun } from '#src/modules/deployments/dry-run.js';
import type { DeploymentPlanDto } from '#src/modules/deployments/dto/deployment-plan.dto.js';
import type { RedeployDto } from '#src/modules/deployments/dto/redeploy.dto.js';
import { type Created, type DeferredRequest, ReleaseCreation } from '#src/modules/deployments/release-creation.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { UploadReleases } from '#src/modules/deployments/upload-releases.js';
import { auditedChanges } from './field-changes.js';
import { type Name, NamedReleases } from './named-releases.service.js';
import { type Change, ReleaseChanges } from './release-changes.js';

/** A name, and the deployment by which the client names it. */
interface Target extends Name {
  id?: string;
}

/**
 * Creates the next release of a name: the same again, or with changes. A change is made from the newest release of the
 * name when the row is created, so that of concurrent changes none is lost.
 */
@Injectable()
export class RedeploymentsService {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly service: DeploymentsService,
    private readonly names: NamedReleases,
    private readonly changes: ReleaseChanges,
    private readonly uploadReleases: UploadReleases,
    private readonly creation: ReleaseCreation,
    private readonly dryRun: DryRun,
  ) {}

  async redeploy(caller: Caller, of: string | Name, body: RedeployDto, idempotent?: IdempotentRequest) {
    return this.create(caller, await this.targetOf(caller, of), body, idempotent);
  }

  async plan(caller: Caller, of: string | Name, body: RedeployDto): Promise<DeploymentPlanDto> {
    const target = await this.targetOf(caller, of);
    const { db } = this.deployments;
    await this.refuseOther(db, target, body);
    const change = changeOf(body);
    const basis = await this.changes.basisOf(db, await this.base(db, target, change), change.patch);
    const changed = await this.changes.make(db, caller, basis, change);
    return { ...(await this.dryRun.ofChange(caller, changed)), changes: changed.changes };
  }

  private create(
    caller: Caller,
    target: Target,
    body: RedeployDto,
    idempotent: IdempotentRequest | undefined,
  ): Promise<Created> {
    const make: DeferredRequest['make'] = async (db) => {
      await this.refuseOther(db, target, body);
      const change = changeOf(body);
      const base = await this.base(db, target, change);
      if (isEmpty(change)) return { request: await this.again(caller, base) };
      const basis = await this.changes.basisOf(db, base, change.patch);
      const { request, changes } = await this.changes.make(db, caller, basis, change);
      return { request, detail: auditedChanges(changes) };
    };
    const { environmentId } = target;
    return this.creation.createLater(caller, { environmentId, make }, { action: 'deployment.redeployed' }, idempotent);
  }

  private async targetOf(caller: Caller, of: string | Name): Promise<Target> {
    const { id, environmentId, name } = await (typeof of === 'string'
      ? this.service.get(caller, of)
      : this.names.find(caller, of));
    return { environmentId, name, ...(typeof of === 'string' && { id }) };
  }

  /**
   * The release that is redeployed. Without changes: the one of the id. With changes: the one of the id while it is
   * the newest of its name, so that a FAILED one can be corrected; else the deployment of the name.
   */
  private async base(db: Db, { id, ...name }: Target, change: Change): Promise<Deployment> {
    const newest = await this.deployments.newest(db, name.environmentId, name.name);
    if (id !== undefined && newest?.id === id) return newest;
    if (id !== undefined && isEmpty(change)) return this.deployments.get(db, id);
    return this.names.current(db, name);
  }

  /** Resolves the tag or the branch again. Rebuilds an upload while it is retained. */
  private async again(caller: Caller, row: Deployment): Promise<DeploymentRequest> {
    const request = await this.uploadReleases.redeploy(row);
    if (request.run.publicAs) requireScope(caller, 'ENVIRONMENTS_WRITE');
    return request;
  }

  private async refuseOther(db: Db, { environmentId, name }: Target, { ifDeploymentId }: RedeployDto): Promise<void> {
    if (ifDeploymentId == null) return;
    const newest = await this.deployments.newest(db, environmentId, name);
    if (newest?.id === ifDeploymentId) return;
    throw new DomainError('DEPLOYMENT_STATUS_CONFLICT', {
      detail: `The newest release of ${name} is deployment ${newest?.id ?? ''}, not ${ifDeploymentId}.`,
      hint: 'Read that deployment, and send its id as ifDeploymentId.',
    });
  }
}

function changeOf(body: RedeployDto): Change {
  return { patch: omit(body, 'keepImage', 'ifDeploymentId', 'dryRun'), keepImage: body.keepImage ?? undefined };
}

function isEmpty({ patch, keepImage }: Change): boolean {
  return Object.keys(patch).length === 0 && keepImage !== true;
}
