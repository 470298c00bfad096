import { statfs } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { BuildLimits } from '#src/integrations/docker/build-limits.js';
import { Builds } from '#src/integrations/docker/builds.js';
import { Engine } from '#src/integrations/docker/engine.js';
import type { BuildRun } from './build-run.js';
import { columnsOf, storedColumns } from '#src/modules/deployments/domain/deployment-columns.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { builtLabels } from '#src/modules/deployments/domain/built-image.js';
import { referenceOf } from '#src/modules/deployments/domain/image-reference.js';
import { firstTcpPort } from '#src/modules/deployments/domain/release.js';
import { BaseImages } from './base-images.js';
import { BuildContext } from './build-context.js';
import { BuildLog, type BuildLogWriter } from './build-log.js';
import type { BuildFacts } from '#src/modules/deployments/domain/build-options.js';
import type { BuildPlan } from './build-plan.js';
import { Planning } from './planning.js';
import type { OpenSource } from './source-tree.js';
import { Sources } from './sources.js';

/** Folder of the sources beside a generated Dockerfile, so that the Dockerfile is not copied into the image. */
const SOURCES_FOLDER = 'app/';
const GENERATED_DOCKERFILE = 'Dockerfile';

/** Builds an image of this engine from a checkout or an upload. */
@Injectable()
export class ImageBuilder {
  constructor(
    private readonly builds: Builds,
    private readonly limits: BuildLimits,
    private readonly bases: BaseImages,
    private readonly engine: Engine,
    private readonly log: BuildLog,
    private readonly sources: Sources,
    private readonly planning: Planning,
    private readonly config: Config,
  ) {}

  /** Returns the image's id. Throws StepFailure, BuildError and DockerError. */
  async build(run: BuildRun, source: OpenSource): Promise<string> {
    const log = await this.log.writer(run.deployment.id, source.secrets);
    try {
      await this.checkDisk();
      const { dockerfile } = this.sources.optionsOf(run.deployment);
      const files = await BuildContext.of(await source.openTree(), dockerfile, (task, input) =>
        this.planning.run(task, input, run.signal),
      );
      const plan = await this.plan(run, files, source.warnings);
      for (const warning of plan.warnings) log.add(`WARNING: ${warning}`, 'stderr');
      if (plan.detected) log.add(`Detected ${plan.detected}`);
      return await this.runBuild(run, { files, plan, modified: source.modified, log });
    } catch (error) {
      run.signal.throwIfAborted();
      if (error instanceof StepFailure) log.add(error.message, 'stderr');
      throw error;
    } finally {
      await log.end();
    }
  }

  private async plan(run: BuildRun, files: BuildContext, missing: string[]): Promise<BuildPlan> {
    const { deployment } = run;
    const options = this.sources.optionsOf(deployment);
    const plan = await this.planning.run(
      'plan',
      {
        options,
        origin: this.sources.originOf(deployment),
        files: await files.rootFiles(),
        buildArgNames: deployment.buildArgNames,
        port: firstTcpPort(columnsOf(deployment).ports),
        defaults: { nginxImage: this.config.ingress.image },
      },
      run.signal,
    );
    const text = 'text' in plan ? plan.text : await dockerfileOf(files, plan.dockerfile);
    await this.bases.check(text, run.buildArgs(), run.signal);
    const lfs = await files.lfsWarning();
    const warnings = [...missing, ...plan.warnings, ...(lfs ? [lfs] : [])];
    const facts: BuildFacts = { method: plan.method, detected: plan.detected, warnings };
    await run.save(storedColumns({ build: facts }));
    return { ...plan, warnings };
  }

  private async runBuild(
    run: BuildRun,
    { files, plan, modified, log }: { files: BuildContext; plan: BuildPlan; modified: Date; log: BuildLogWriter },
  ): Promise<string> {
    const { deployment } = run;
    const deadline = AbortSignal.timeout(this.config.build.deadlineMs);
    const signal = AbortSignal.any([run.signal, deadline]);
    const isGenerated = 'text' in plan;
    const extra = isGenerated ? [{ name: GENERATED_DOCKERFILE, content: plan.text }] : [];
    await this.limits.apply(this.config.build.memoryBytes);
    try {
      return await this.builds.build(
        {
          context: await files.pack(isGenerated ? SOURCES_FOLDER : '', extra, modified),
          dockerfile: isGenerated ? GENERATED_DOCKERFILE : plan.dockerfile,
          tag: referenceOf(deployment.image, deployment.tag, null),
          labels: builtLabels(deployment),
          // Separates the cache mounts of environments.
          buildArgs: { ...run.buildArgs(), BUILDKIT_CACHE_MOUNT_NS: deployment.environmentId },
        },
        {
          line: ({ text, stream }) => log.add(text, stream),
          steps: ({ current, total }) =>
            current > 0 && run.progress({ step: 'BUILDING', message: `step ${current}/${total}`, current, total }),
        },
        signal,
      );
    } catch (error) {
      if (deadline.aborted && !run.signal.aborted)
        throw new StepFailure(
          'BUILD_TIMEOUT',
          `The build exceeded its deadline of ${this.config.build.deadlineMs / 1000} s.`,
        );
      throw error;
    }
  }

  /** Fails early when disk space is low: a full disk stops running containers and the database. */
  private async checkDisk(): Promise<void> {
    const { minFreeDiskBytes, dir } = this.config.build;
    const { rootDirectory } = await this.engine.inspect();
    for (const folder of [dir, rootDirectory]) {
      const free = await statfs(folder).then(
        ({ bavail, bsize }) => bavail * bsize,
        () => Infinity, // the engine runs on another machine, or has another view of the file system
      );
      if (free < minFreeDiskBytes) {
        const [have, need] = [free, minFreeDiskBytes].map((bytes) => Math.round(bytes / 2 ** 20));
        throw new StepFailure('DISK_FULL', `Only ${have} MiB of disk space are free. A build needs ${need} MiB.`);
      }
    }
  }
}

async function dockerfileOf(files: BuildContext, name: string): Promise<string> {
  const text = await files.dockerfile(name);
  if (text !== undefined) return text;
  throw new StepFailure('DOCKERFILE_INVALID', `There is no file ${name} in the build context (dockerfile).`);
}
