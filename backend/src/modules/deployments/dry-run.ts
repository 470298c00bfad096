import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { Admission } from './admission.js';
import { BuildPreview } from './build-preview.js';
import { type DeploymentRequest, DeploymentFactory, type NewDeployment } from './deployment-factory.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import type { CreateDeploymentDto, RegistryAuthDto } from './dto/create-deployment.dto.js';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import type { DeploymentPlanDto } from './dto/deployment-plan.dto.js';
import type { CreateUploadDeploymentDto } from './dto/create-upload-deployment.dto.js';
import { SourceLookup } from './source-lookup.js';
import { DeploySteps } from './pipeline/steps/deploy-steps.js';
import { referenceOf } from './domain/image-reference.js';
import { registryAuthOf } from './domain/release-from-row.js';
import type { GitRequest } from './git-request.js';
import { stopsFirst } from './domain/release.js';

/** Thrown to roll back the transaction of a dry run. */
class DryRunRollback extends Error {}

/** A release that is made from another one. */
export interface PlannedChange {
  request: NewDeployment & { git?: GitRequest };
  registryAuth?: RegistryAuthDto | undefined;
  /** its image is there already */
  keepsImage: boolean;
}

type Found = Partial<Pick<DeploymentPlanDto, 'imageDigest' | 'gitCommitSha' | 'sourceSha256' | 'build'>>;

/** Plans a deployment: makes every check that changes nothing. */
@Injectable()
export class DryRun {
  constructor(
    private readonly requests: DeploymentFactory,
    private readonly admission: Admission,
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsService,
    private readonly lookup: SourceLookup,
    private readonly steps: DeploySteps,
    private readonly preview: BuildPreview,
  ) {}

  async ofImage(caller: Caller, body: CreateDeploymentDto): Promise<DeploymentPlanDto> {
    const request = this.requests.fromImage(body);
    await this.checkRequest(caller, request);
    return this.plan(request, await this.findImage(request, body.registryAuth));
  }

  async ofGit(caller: Caller, body: CreateGitDeploymentDto): Promise<DeploymentPlanDto> {
    const request = this.requests.fromGit(body);
    await this.checkRequest(caller, request);
    return this.plan(request, await this.preview.ofGit(caller, request));
  }

  async ofUpload(caller: Caller, body: CreateUploadDeploymentDto): Promise<DeploymentPlanDto> {
    const request = this.requests.fromUpload(body);
    await this.checkRequest(caller, request);
    return this.plan(request, await this.preview.ofUpload(caller, body.uploadId, request));
  }

  /** The scopes of a change are checked where it is made. */
  async ofChange(caller: Caller, change: PlannedChange): Promise<DeploymentPlanDto> {
    await this.checkAdmission(caller, change.request);
    return this.plan(change.request, await this.findSource(caller, change));
  }

  private async findSource(caller: Caller, { request, registryAuth, keepsImage }: PlannedChange): Promise<Found> {
    const { git, ...rest } = request;
    const { imageDigest = null, gitCommitSha = null, sourceSha256 = null, source } = request.data;
    if (keepsImage || source === 'UPLOAD') return { imageDigest, gitCommitSha, sourceSha256 };
    if (git) return this.preview.ofGit(caller, { ...rest, git });
    return this.findImage(request, registryAuth);
  }

  private async findImage({ data }: NewDeployment, registryAuth: RegistryAuthDto | undefined): Promise<Found> {
    const { image, tag, imageDigest = null } = data;
    const auth = registryAuth && registryAuthOf(image, registryAuth);
    return { imageDigest: await this.lookup.digestOf(referenceOf(image, tag, imageDigest), auth) };
  }

  private async checkRequest(caller: Caller, request: DeploymentRequest): Promise<void> {
    if (request.run.publicAs) requireScope(caller, 'ENVIRONMENTS_WRITE');
    await this.checkAdmission(caller, request);
  }

  private async checkAdmission(caller: Caller, request: DeploymentRequest): Promise<void> {
    const environment = await this.environments.getActive(caller, request.environmentId);
    const check = this.deployments.transaction(async (db) => {
      await this.admission.check(db, environment, request);
      throw new DryRunRollback();
    });
    await check.catch((error: unknown) => {
      if (!(error instanceof DryRunRollback)) throw error;
    });
  }

  private async plan({ environmentId, name, data, run }: NewDeployment, found: Found): Promise<DeploymentPlanDto> {
    const { image, tag, source, rollbackOfId = null, isChange = false } = data;
    const { replicas, ports, volumes, files, resources, publicAs } = run;
    const ofProcfile = found.build?.releaseCommand;
    const releaseCommand = run.releaseCommand.length > 0 || !ofProcfile ? run.releaseCommand : [ofProcfile];
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
      build: null,
      ...found,
      replicas,
      ports,
      volumes,
      files: files.map(({ path }) => path),
      resources,
      replaces: replaced?.id ?? null,
      strategy: stopsFirst(run) ? 'STOP_FIRST' : 'START_FIRST',
      steps: this.steps.of({ source, releaseCommand, virtualHost, rollbackOfId, isChange }).map((step) => step.name),
    };
  }
}
