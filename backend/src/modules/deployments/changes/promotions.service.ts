import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { invalidField } from '#src/common/errors/domain-error.js';
import { isJsonObject, type JsonObject, omit } from '#src/common/merge-patch.js';
import { fieldsOf } from '#src/common/validation.pipe.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { DeploymentsService, wrongStatus } from '#src/modules/deployments/deployments.service.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import { DryRun } from '#src/modules/deployments/dry-run.js';
import { RunOptionsDto } from '#src/modules/deployments/dto/create-deployment.dto.js';
import type { DeploymentPlanDto } from '#src/modules/deployments/dto/deployment-plan.dto.js';
import type { PromoteDto } from '#src/modules/deployments/dto/redeploy.dto.js';
import { type Created, ReleaseCreation } from '#src/modules/deployments/release-creation.js';
import {
  DeploymentsRepository,
  type DeploymentRow,
} from '#src/modules/deployments/repositories/deployments.repository.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { auditedChanges } from './field-changes.js';
import type { Name } from './named-releases.service.js';
import { type Basis, type ChangedRelease, ReleaseChanges } from './release-changes.js';
import type { StoredRequest } from './stored-request.js';

/** Releases the image of a deployment in another environment of the same owner. */
@Injectable()
export class PromotionsService {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly service: DeploymentsService,
    private readonly environments: EnvironmentsService,
    private readonly changes: ReleaseChanges,
    private readonly creation: ReleaseCreation,
    private readonly dryRun: DryRun,
  ) {}

  async promote(caller: Caller, id: string, body: PromoteDto, idempotent?: IdempotentRequest): Promise<Created> {
    const source = await this.sourceOf(caller, id, body);
    const { environmentId } = body;
    const make = async (db: Db) => {
      const { request, changes } = await this.make(db, caller, source, body);
      return { request, detail: auditedChanges(changes) };
    };
    return this.creation.createLater(caller, { environmentId, make }, { action: 'deployment.promoted' }, idempotent);
  }

  async plan(caller: Caller, id: string, body: PromoteDto): Promise<DeploymentPlanDto> {
    const source = await this.sourceOf(caller, id, body);
    const changed = await this.make(this.deployments.db, caller, source, body);
    return { ...(await this.dryRun.ofChange(caller, changed)), changes: changed.changes };
  }

  private async sourceOf(caller: Caller, id: string, { environmentId, name }: PromoteDto): Promise<DeploymentRow> {
    const source = await this.service.get(caller, id);
    const { userId } = await this.environments.getActive(caller, environmentId);
    // An operator sees the environments of every user.
    if (userId !== source.environment.userId) throw invalidField('environmentId', 'must belong to the same user');
    if (environmentId === source.environmentId && (name ?? source.name) === source.name)
      throw invalidField('environmentId', 'must be another environment, or be given with another name');
    if (source.status === 'RUNNING' || source.status === 'STOPPED') return source;
    throw wrongStatus(source, 'Promote a deployment that has been RUNNING.');
  }

  private async make(db: Db, caller: Caller, source: DeploymentRow, body: PromoteDto): Promise<ChangedRelease> {
    const { environmentId, name, keepEnvVars } = body;
    const patch = omit(body, 'environmentId', 'name', 'keepEnvVars', 'dryRun');
    const there = { environmentId, name: name ?? source.name };
    const basis = await this.basisOf(db, source, there, keepEnvVars ?? false);
    return this.changes.make(db, caller, basis, { patch, keepImage: true });
  }

  /**
   * Image and source of the promoted deployment, and how the name runs there. A name that is new there runs as the
   * promoted deployment does, without its host ports, which that one holds, and without its TTL. Secrets of an
   * environment stay there: variables and secret files only come along with `keepEnvVars`.
   */
  private async basisOf(db: Db, source: DeploymentRow, there: Name, keepEnvVars: boolean): Promise<Basis> {
    const current = await this.deployments.newestValid(db, there.environmentId, there.name);
    const promoted = await this.changes.requestOf(db, source);
    const run = current
      ? await this.changes.requestOf(db, current)
      : { ...promoted, shown: withoutHostPorts(promoted, source) };
    const envVars = keepEnvVars ? promoted.secret['envVars'] : current && run.secret['envVars'];
    const files = current || keepEnvVars ? run.secret['files'] : withoutSecrets(run.secret['files']);
    return {
      image: source,
      place: { ...there, expiresAt: current?.expiresAt ?? null },
      request: {
        shown: { ...split(promoted.shown).source, ...split(run.shown).run },
        secret: { ...split(promoted.secret).source, envVars: envVars ?? {}, files },
        secretNames: promoted.secretNames,
      },
    };
  }
}

function withoutHostPorts({ shown }: StoredRequest, row: Deployment): JsonObject {
  return { ...shown, ports: columnsOf(row).ports.map(({ container, protocol }) => ({ container, protocol })) };
}

function withoutSecrets(files: unknown): unknown {
  return Array.isArray(files) ? files.filter((file) => !isJsonObject(file) || file['secret'] !== true) : files;
}

/** Separates how an image is run from where it comes from. */
function split(fields: JsonObject): { run: JsonObject; source: JsonObject } {
  const names = fieldsOf(RunOptionsDto);
  const entries = Object.entries(fields);
  return {
    run: Object.fromEntries(entries.filter(([name]) => names.has(name))),
    source: Object.fromEntries(entries.filter(([name]) => !names.has(name))),
  };
}
