import type { Deployment, Environment, Prisma } from '#src/generated/prisma/client.js';
import type { StepIdentity } from '#src/modules/deployments/domain/step-identity.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import type { GitSource } from '#src/integrations/git/git-source.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';

export interface Progress {
  step: string;
  message: string;
  current?: number;
  total?: number;
}

/** What a step works with: the row as it is now, and the ways to write on it. No step writes a status. */
export interface StepContext {
  readonly deployment: Deployment & { environment: Environment };
  /** Ends when the deployment is cancelled, runs out of time, or the process shuts down. */
  readonly signal: AbortSignal;
  release(): Release;
  registryAuth(): RegistryAuth | undefined;
  /** of a deployment from git */
  gitSource(): GitSource;
  buildArgs(): Record<string, string>;
  /** Shown to clients; written twice a second at most. */
  progress(progress: Progress): void;
  /** Waits for somebody else: time that does not count. */
  pauseDeadline(work: () => Promise<void>): Promise<void>;
  /** Runs when this run of the pipeline ends, however it does. */
  onFinish(release: () => void): void;
  /** The service is there: its containers have rows from now on. */
  expectContainers(service: { id: string; name: string }): Promise<void>;
  /** Writes columns that later steps need. Throws when another run of this job has taken over. */
  save(data: Prisma.DeploymentUpdateManyMutationInput): Promise<void>;
}

export interface DeployStep extends StepIdentity {
  /** Milliseconds that it may take, waiting for others not counted; missing: what a deployment may take without a build. */
  readonly allowedMs?: number;
  /** whose deployments have this step; missing: all */
  readonly appliesTo?: (deployment: Deployment) => boolean;
  /** Done again, it must find done what was done: that is what makes a crash harmless. */
  run(context: StepContext): Promise<void>;
  /** Takes back what `run` may have done, all of it or part of it, or nothing. */
  undo?(context: StepContext): Promise<void>;
}

/** Its image comes from a registry, and what its tag means is not known yet. */
export function fromImage({ source, rollbackOfId }: Deployment): boolean {
  return source === 'IMAGE' && rollbackOfId === null;
}

/** Its image is to be built. */
export function isToBeBuilt({ source, rollbackOfId }: Deployment): boolean {
  return source !== 'IMAGE' && rollbackOfId === null;
}

/** From a repository that is to be cloned. */
export function fromGit(deployment: Deployment): boolean {
  return deployment.source === 'GIT' && isToBeBuilt(deployment);
}
