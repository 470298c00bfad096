import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { newId } from '#src/common/time/id-source.js';
import { validationFailed } from '#src/common/validation.pipe.js';
import { Config } from '#src/config/config.js';
import { GitError } from '#src/integrations/git/git-error.js';
import { GitRepositories } from '#src/integrations/git/git-repositories.js';
import { UploadsService } from '#src/modules/uploads/uploads.service.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { type DeploymentRequest, DeploymentFactory, type NewDeployment } from './deployment-factory.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import type { CreateDeploymentDto } from './dto/create-deployment.dto.js';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import type { DeploymentPlanDto } from './dto/deployment-plan.dto.js';
import type { CreateUploadDeploymentDto } from './dto/create-upload-deployment.dto.js';
import { DeploySteps } from './pipeline/steps/deploy-steps.js';
import { gitFailure } from './pipeline/steps/failures.js';
import { ImageLookup } from './pipeline/steps/image-lookup.js';
import { StepFailure } from './domain/step-failure.js';
import { parseImageReference, referenceOf } from './domain/image-reference.js';
import { registryAuthOf } from './domain/release-from-row.js';
import { stopsFirst } from './domain/release.js';

const LOOKUP_TIMEOUT_MS = 20_000;

/** Thrown to roll back the transaction of a dry run. */
class DryRunRollback extends Error {}

/** Plans a deployment: makes every check that changes nothing. */
@Injectable()
export class DryRun {
  constructor(
    private readonly requests: DeploymentFactory,
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsService,
    private readonly images: ImageLookup,
    private readonly repositories: GitRepositories,
    private readonly steps: DeploySteps,
    private readonly config: Config,
    private readonly uploads: UploadsService,
  ) {}

  async ofImage(caller: Caller, body: CreateDeploymentDto): Promise<DeploymentPlanDto> {
    const request = this.requests.fromImage(body);
    await this.checkAdmission(caller, request);
    const { image, tag } = request.data;
    const imageDigest = parseImageReference(body.image)?.digest ?? null;
    const auth = body.registryAuth && registryAuthOf(image, body.registryAuth);
    const digest = await asFieldError('image', () =>
      this.images.digestOf(referenceOf(image, tag, imageDigest), auth, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)),
    );
    return this.plan(request, { imageDigest: digest });
  }

  async ofGit(caller: Caller, body: CreateGitDeploymentDto): Promise<DeploymentPlanDto> {
    const request = this.requests.fromGit(body);
    await this.checkAdmission(caller, request);
    const { url, auth, options } = request.git;
    const dir = path.join(this.config.build.dir, `lookup-${newId()}`);
    const signal = AbortSignal.timeout(LOOKUP_TIMEOUT_MS);
    try {
      const sha = await asFieldError('gitUrl', () =>
        this.repositories.lookUp({ url, auth }, options.ref ?? undefined, { dir, signal }),
      );
      return await this.plan(request, { gitCommitSha: options.commit ?? sha });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  async ofUpload(caller: Caller, body: CreateUploadDeploymentDto): Promise<DeploymentPlanDto> {
    const request = this.requests.fromUpload(body);
    await this.checkAdmission(caller, request);
    const { sha256 } = await this.deployments.transaction((db) => this.uploads.require(db, caller, body.uploadId));
    return this.plan(request, { sourceSha256: sha256 });
  }

  private async checkAdmission(caller: Caller, request: DeploymentRequest): Promise<void> {
    if (request.run.publicAs) requireScope(caller, 'ENVIRONMENTS_WRITE');
    const environment = await this.environments.getActive(caller, request.environmentId);
    const check = this.deployments.transaction(async (db) => {
      await this.requests.checkAdmission(db, environment, request);
      throw new DryRunRollback();
    });
    await check.catch((error: unknown) => {
      if (!(error instanceof DryRunRollback)) throw error;
    });
  }

  private async plan(
    { environmentId, name, data, run }: NewDeployment,
    found: Partial<Pick<DeploymentPlanDto, 'imageDigest' | 'gitCommitSha' | 'sourceSha256'>>,
  ): Promise<DeploymentPlanDto> {
    const { image, tag, source } = data;
    const { replicas, ports, volumes, resources, releaseCommand, publicAs } = run;
    const virtualHost = publicAs?.domain ?? null;
    const replaced = await this.deployments.running(environmentId, name);
    return {
      environmentId,
      name,
      source,
      image,
      tag: tag === '' ? null : tag,
      imageDigest: null,
      gitCommitSha: null,
      sourceSha256: null,
      ...found,
      replicas,
      ports,
      volumes,
      resources,
      replaces: replaced?.id ?? null,
      strategy: stopsFirst(run) ? 'STOP_FIRST' : 'START_FIRST',
      steps: this.steps.of({ source, releaseCommand, virtualHost, rollbackOfId: null }).map((step) => step.name),
    };
  }
}

/** Runs a lookup and converts the failure of a deployment into a validation error of the field that causes it. */
async function asFieldError<T>(field: string, lookUp: () => Promise<T>): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    const failure = error instanceof GitError ? gitFailure(error) : error;
    if (!(failure instanceof StepFailure)) throw error;
    if (failure.code === 'DOCKER_UNAVAILABLE') throw new DomainError('DOCKER_UNAVAILABLE', { detail: failure.message });
    throw validationFailed([{ path: fieldOf(failure, field), message: `${failure.code}: ${failure.message}` }]);
  }
}

function fieldOf({ code }: StepFailure, field: string): string {
  switch (code) {
    case 'GIT_REF_NOT_FOUND':
      return 'branch';
    case 'GIT_AUTH':
      return 'gitAuth';
    case 'REGISTRY_AUTH':
      return 'registryAuth';
    default:
      return field;
  }
}
