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
import type { BuildInputs } from '#src/modules/deployments/domain/build-inputs.js';
import { hostsOf, referenceOf } from '#src/modules/deployments/domain/image-reference.js';
import { secretTexts } from '#src/modules/deployments/domain/secret-values.js';
import { firstTcpPort } from '#src/modules/deployments/domain/release.js';
import { argumentsOf } from './runtimes/procfile.js';
import { BaseImages, type RegistryLogin } from './base-images.js';
import { BuildLog, type BuildLogWriter } from './build-log.js';
import type { BuildFacts } from '#src/modules/deployments/domain/build-options.js';
import { BuildPlanner, type PlannedBuild } from './build-planner.js';
import type { OpenSource } from './source-tree.js';
import { Sources } from './sources.js';

/** Folder of the sources beside a generated Dockerfile, so that the Dockerfile is not copied into the image. */
const SOURCES_FOLDER = 'app/';

/** A plan whose base images are checked. */
interface CheckedBuild extends PlannedBuild {
  inputs: BuildInputs;
  login: RegistryLogin | undefined;
}

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
    private readonly planner: BuildPlanner,
    private readonly config: Config,
  ) {}

  /** Returns the image's id. Throws StepFailure, BuildError and DockerError. */
  async build(run: BuildRun, source: OpenSource): Promise<string> {
    const inputs = run.buildInputs();
    const secrets = secretTexts([...Object.values(inputs.secrets), inputs.registryAuth?.password ?? '']);
    const log = await this.log.writer(run.deployment.id, [...source.secrets, ...secrets]);
    try {
      await this.checkDisk();
      const planned = await this.plan(run, source, inputs);
      const { plan } = planned;
      for (const warning of plan.warnings) log.add(`WARNING: ${warning}`, 'stderr');
      if (plan.detected) log.add(`Detected ${plan.detected}`);
      for (const reason of plan.reasons) log.add(`  ${reason}`);
      return await this.runBuild(run, planned, source.modified, log);
    } catch (error) {
      run.signal.throwIfAborted();
      if (error instanceof StepFailure) log.add(error.message, 'stderr');
      throw error;
    } finally {
      await log.end();
    }
  }

  private async plan(run: BuildRun, source: OpenSource, inputs: BuildInputs): Promise<CheckedBuild> {
    const { deployment } = run;
    const request = {
      options: this.sources.optionsOf(deployment),
      origin: this.sources.originOf(deployment),
      inputs,
      envVarNames: deployment.envVarNames,
      port: firstTcpPort(columnsOf(deployment).ports),
    };
    const planned = await this.planner.plan(request, source, run.signal);
    const { login, warnings: loginWarnings } = await this.bases.check(planned.text, inputs, run.signal);
    const { method, detected, reasons, releaseCommand } = planned.plan;
    const warnings = [...planned.plan.warnings, ...loginWarnings];
    const ownCommand = deployment.releaseCommand.length === 0 ? releaseCommand : null;
    const facts: BuildFacts = {
      method,
      detected,
      reasons,
      warnings,
      ...(ownCommand !== null && { releaseFromProcfile: true }),
    };
    await run.save({
      ...storedColumns({ build: facts }),
      ...(ownCommand !== null && { releaseCommand: argumentsOf(ownCommand) }),
    });
    return { ...planned, plan: { ...planned.plan, warnings }, inputs, login };
  }

  private async runBuild(
    run: BuildRun,
    { files, text, dockerfile, isGenerated, inputs, login }: CheckedBuild,
    modified: Date,
    log: BuildLogWriter,
  ): Promise<string> {
    const { deployment } = run;
    const deadline = AbortSignal.timeout(this.config.build.deadlineMs);
    const signal = AbortSignal.any([run.signal, deadline]);
    const extra = isGenerated ? [{ name: dockerfile, content: text }] : [];
    await this.limits.apply(this.config.build.memoryBytes);
    try {
      return await this.builds.build(
        {
          context: await files.pack(isGenerated ? SOURCES_FOLDER : '', extra, modified),
          dockerfile,
          target: this.sources.optionsOf(deployment).target ?? null,
          tag: referenceOf(deployment.image, deployment.tag, null),
          labels: builtLabels(deployment),
          // Separates the cache mounts of environments.
          buildArgs: { ...inputs.args, BUILDKIT_CACHE_MOUNT_NS: deployment.environmentId },
          answers: { secrets: inputs.secrets, credentials: login && { ...login, hosts: hostsOf(login.registry) } },
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
