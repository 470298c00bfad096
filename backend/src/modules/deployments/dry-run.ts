import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { Admission } from './admission.js';
import { BuildPreview } from './build-preview.js';
import { type DeploymentRequest, DeploymentFactory, type NewDeployment } from './deployment-factory.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import type { CreateDeploymentDto } from './dto/create-deployment.dto.js';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import type { DeploymentPlanDto } from './dto/deployment-plan.dto.js';
import type { CreateUploadDeploymentDto } from './dto/create-upload-deployment.dto.js';
import { SourceLookup } from './source-lookup.js';
import { DeploySteps } from './pipeline/steps/deploy-steps.js';
import { parseImageReference, referenceOf } from './domain/image-reference.js';
import { registryAuthOf } from './domain/release-from-row.js';
import { stopsFirst } from './domain/release.js';

/** Thrown to roll back the transaction of a dry run. */
class DryRunRollback extends Error {}

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
    await this.checkAdmission(caller, request);
    const { image, tag } = request.data;
    const imageDigest = parseImageReference(body.image)?.digest ?? null;
    const auth = body.registryAuth && registryAuthOf(image, body.registryAuth);
    return this.plan(request, { imageDigest: await this.lookup.digestOf(referenceOf(image, tag, imageDigest), auth) });
  }

  async ofGit(caller: Caller, body: CreateGitDeploymentDto): Promise<DeploymentPlanDto> {
    const request = this.requests.fromGit(body);
    await this.checkAdmission(caller, request);
    return this.plan(request, await this.preview.ofGit(caller, request));
  }

  async ofUpload(caller: Caller, body: CreateUploadDeploymentDto): Promise<DeploymentPlanDto> {
    const request = this.requests.fromUpload(body);
    await this.checkAdmission(caller, request);
    return this.plan(request, await this.preview.ofUpload(caller, body.uploadId, request));
  }

  private async checkAdmission(caller: Caller, request: DeploymentRequest): Promise<void> {
    if (request.run.publicAs) requireScope(caller, 'ENVIRONMENTS_WRITE');
    const environment = await this.environments.getActive(caller, request.environmentId);
    const check = this.deployments.transaction(async (db) => {
      await this.admission.check(db, environment, request);
      throw new DryRunRollback();
    });
    await check.catch((error: unknown) => {
      if (!(error instanceof DryRunRollback)) throw error;
    });
  }

  private async plan(
    { environmentId, name, data, run }: NewDeployment,
    found: Partial<Pick<DeploymentPlanDto, 'imageDigest' | 'gitCommitSha' | 'sourceSha256' | 'build'>>,
  ): Promise<DeploymentPlanDto> {
    const { image, tag, source } = data;
    const { replicas, ports, volumes, resources, publicAs } = run;
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
      resources,
      replaces: replaced?.id ?? null,
      strategy: stopsFirst(run) ? 'STOP_FIRST' : 'START_FIRST',
      steps: this.steps.of({ source, releaseCommand, virtualHost, rollbackOfId: null }).map((step) => step.name),
    };
  }
}
