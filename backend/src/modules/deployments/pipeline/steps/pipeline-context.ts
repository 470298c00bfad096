import { Injectable } from '@nestjs/common';
import { safeText } from '#src/common/safe-text.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Prisma } from '#src/generated/prisma/client.js';
import { type GitAuth, type GitSource, secretsOf } from '#src/integrations/git/git-source.js';
import { parseStoredGitUrl } from '#src/integrations/git/git-url.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import type { Progress } from '#src/modules/deployments/domain/deployment-columns.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import { type BuildInputs, buildInputsFrom, SOURCE_COMMIT } from '#src/modules/deployments/domain/build-inputs.js';
import { releaseFrom } from '#src/modules/deployments/domain/release-from-row.js';
import { secretTexts } from '#src/modules/deployments/domain/secret-values.js';
import { userVariablesOf } from '#src/modules/deployments/domain/user-variables.js';
import { secretContext } from '#src/modules/deployments/domain/secret-context.js';
import type { Deadline } from './deadline.js';
import type { StepContext } from './deploy-step.js';
import { type JobLease, PipelineRepository } from '#src/modules/deployments/repositories/pipeline.repository.js';
import { RegistryCredentials } from '#src/modules/deployments/swarm/registry-credentials.js';

const PROGRESS_EVERY_MS = 500;
const MAX_PROGRESS_LENGTH = 500;

/** Creates the context of an attempt. */
@Injectable()
export class PipelineContexts {
  constructor(
    private readonly repository: PipelineRepository,
    private readonly secrets: SecretBox,
    private readonly credentials: RegistryCredentials,
  ) {}

  create(claim: JobLease, signal: AbortSignal, deadline: Deadline | undefined): PipelineContext {
    return new PipelineContext(claim, signal, deadline, this.repository, this.secrets, this.credentials);
  }
}

/** The StepContext of one attempt. */
export class PipelineContext implements StepContext {
  /** The current step is not finished: it continues in another run. */
  suspendedUntil: Date | undefined;
  private lastProgressAt = -Infinity;
  private lastProgress = '';
  private writing: Promise<void> = Promise.resolve();
  private readonly releases: (() => void)[] = [];
  private masked: string[] | undefined;

  constructor(
    readonly deployment: JobLease,
    readonly signal: AbortSignal,
    private readonly deadline: Deadline | undefined,
    private readonly repository: PipelineRepository,
    private readonly secrets: SecretBox,
    private readonly credentials: RegistryCredentials,
  ) {}

  release(): Release {
    return releaseFrom(this.deployment, this.secrets);
  }

  registryAuth(): RegistryAuth | undefined {
    return this.credentials.of(this.deployment);
  }

  gitSource(): GitSource {
    const { gitUrl, gitAuth, jobId } = this.deployment;
    const url = parseStoredGitUrl(gitUrl ?? '');
    if (!url.ok) throw new Error(`the git URL ${url.problem}`);
    const auth = gitAuth
      ? (JSON.parse(this.secrets.open(gitAuth, secretContext(jobId, 'gitAuth'))) as GitAuth)
      : undefined;
    return { url: url.value, auth };
  }

  buildInputs(): BuildInputs {
    return buildInputsFrom(this.deployment, this.secrets);
  }

  /** What no message may show: values of variables and build arguments, and credentials. */
  secretTexts(): string[] {
    this.masked ??= this.collectSecrets();
    return this.masked;
  }

  async pauseDeadline(work: () => Promise<void>): Promise<void> {
    if (!this.deadline) return work();
    const { deployment, step } = await this.deadline.pauseWhile(work);
    await this.save({ deadlineAt: deployment }, (db) => this.repository.extendDeadline(db, this.deployment, step));
  }

  suspend(until: Date): void {
    this.suspendedUntil = until;
  }

  onFinish(release: () => void): void {
    this.releases.push(release);
  }

  end(): void {
    for (const release of this.releases) release();
  }

  progress(progress: Progress): void {
    const now = performance.now();
    const text = JSON.stringify(progress);
    if (text === this.lastProgress || now - this.lastProgressAt < PROGRESS_EVERY_MS) return;
    [this.lastProgressAt, this.lastProgress] = [now, text];
    const message = safeText(progress.message, { maxLength: MAX_PROGRESS_LENGTH, secrets: this.secretTexts() });
    const shown = { ...progress, message };
    this.writing = this.writing.then(() => this.repository.saveProgress(this.deployment, shown)).catch(() => undefined);
  }

  expectContainers(service: { id: string; name: string }): Promise<void> {
    return this.repository.expectContainers(this.deployment, service);
  }

  async save(data: Prisma.DeploymentUpdateManyMutationInput, also?: (db: Db) => Promise<void>): Promise<void> {
    await this.repository.save(this.deployment, data, also);
    Object.assign(this.deployment, data);
  }

  /**
   * Waits for pending progress writes: they run beside the step and must not arrive after the next step has started.
   */
  async flush(): Promise<void> {
    await this.writing;
    [this.lastProgressAt, this.lastProgress] = [-Infinity, ''];
  }

  /** Empty when they cannot be opened: then no step has read them. */
  private collectSecrets(): string[] {
    try {
      const { args, secrets, registryAuth } = this.buildInputs();
      const passwords = [this.registryAuth()?.password ?? '', registryAuth?.password ?? ''];
      const auth = this.deployment.gitUrl === null ? undefined : this.gitSource().auth;
      const variables = userVariablesOf(this.deployment, this.secrets);
      const named = Object.entries(args).flatMap(([name, value]) => (name === SOURCE_COMMIT ? [] : [value]));
      const values = [...Object.values(variables), ...named, ...Object.values(secrets)];
      return [...secretTexts([...values, ...passwords]), ...secretsOf(auth)];
    } catch {
      return [];
    }
  }
}
