import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { newId } from '#src/common/time/id-source.js';
import { BuildPlanner } from '#src/modules/builds/build-planner.js';
import { Checkouts } from '#src/modules/builds/checkouts.js';
import { FolderTree } from '#src/modules/builds/folder-tree.js';
import type { OpenSource } from '#src/modules/builds/source-tree.js';
import { checkoutWarnings, Sources } from '#src/modules/builds/sources.js';
import { UploadTree } from '#src/modules/builds/upload-tree.js';
import { UploadsService } from '#src/modules/uploads/uploads.service.js';
import type { BuildRequest } from './build-request.js';
import type { NewDeployment } from './deployment-factory.js';
import { buildArguments } from './domain/build-inputs.js';
import type { SourceKind } from './domain/build-options.js';
import { firstTcpPort } from './domain/release.js';
import type { BuildPreviewDto, DeploymentPlanDto } from './dto/deployment-plan.dto.js';
import type { GitRequest } from './git-request.js';
import type { RunOptions } from './run-options.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import { asFieldError, type OtherFields, SourceLookup } from './source-lookup.js';

const PREVIEW_TIMEOUT_MS = 60_000;

interface PreviewRequest extends BuildRequest {
  origin: SourceKind;
  run: RunOptions;
  /** of a repository */
  commit: string | null;
}

/** Plans the build of a dry run from its sources, which it reads as a build does and then removes. */
@Injectable()
export class BuildPreview {
  constructor(
    private readonly planner: BuildPlanner,
    private readonly checkouts: Checkouts,
    private readonly sources: Sources,
    private readonly lookup: SourceLookup,
    private readonly uploads: UploadsService,
    private readonly deployments: DeploymentsRepository,
  ) {}

  async ofGit(
    caller: Caller,
    { git, run }: NewDeployment & { git: GitRequest },
  ): Promise<Pick<DeploymentPlanDto, 'gitCommitSha' | 'build'>> {
    const { url, auth, options } = git;
    const commit = await this.lookup.commitOf(git);
    const signal = AbortSignal.timeout(PREVIEW_TIMEOUT_MS);
    const fields = { branch: options.ref !== null, gitAuth: auth !== undefined };
    const build = await this.preview('gitUrl', fields, signal, () =>
      this.sources.withSlot(newId(), caller.userId, signal, () =>
        this.checkouts.withTemporary(async (attempt) => {
          const revision = { ref: options.ref ?? undefined, commit };
          const silent = { onLine: () => undefined, onProgress: () => undefined };
          const fetch = { revision, submodules: options.submodules, ...silent, signal };
          const { tree, committedAt } = await this.checkouts.ensure(attempt, { url, auth }, fetch);
          const open = (folder = options.buildContext) => FolderTree.open(tree, folder);
          const request = { ...git, commit, run, origin: 'repository' } as const;
          const warnings = await checkoutWarnings(tree, options.submodules);
          return this.plan(request, { openTree: open, modified: committedAt, secrets: [], warnings }, signal);
        }),
      ),
    );
    return { gitCommitSha: commit, build };
  }

  async ofUpload(
    caller: Caller,
    uploadId: string,
    { build, run }: NewDeployment & { build: BuildRequest },
  ): Promise<Pick<DeploymentPlanDto, 'sourceSha256' | 'build'>> {
    const upload = await this.deployments.transaction((db) => this.uploads.require(db, caller, uploadId));
    const signal = AbortSignal.timeout(PREVIEW_TIMEOUT_MS);
    const open = (folder = build.options.buildContext) => UploadTree.open(() => this.uploads.entries(upload), folder);
    const source = { openTree: open, modified: upload.createdAt, secrets: [], warnings: [] };
    const request = { ...build, commit: null, run, origin: 'upload' } as const;
    const preview = await this.preview('uploadId', {}, signal, () =>
      this.sources.withSlot(newId(), caller.userId, signal, () => this.plan(request, source, signal)),
    );
    return { sourceSha256: upload.sha256, build: preview };
  }

  /** Null when the time is over, for example because every build slot is in use. */
  private async preview(field: string, others: OtherFields, signal: AbortSignal, work: () => Promise<BuildPreviewDto>) {
    try {
      return await asFieldError(field, others, work);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  private async plan(request: PreviewRequest, source: OpenSource, signal: AbortSignal): Promise<BuildPreviewDto> {
    const { options, origin, run, commit, buildArgs, buildSecrets, registryAuth } = request;
    const args = buildArguments({ commit, envVars: options.buildEnvVars ? run.envVars : {}, buildArgs });
    const inputs = { args, secrets: buildSecrets, registryAuth };
    const envVarNames = Object.keys(run.envVars);
    const port = firstTcpPort(run.ports);
    const { plan, text } = await this.planner.plan({ options, origin, inputs, envVarNames, port }, source, signal);
    const { method, detected, reasons, warnings, startCommand, releaseCommand } = plan;
    return { method, detected, reasons, warnings, startCommand, releaseCommand, dockerfile: text };
  }
}
