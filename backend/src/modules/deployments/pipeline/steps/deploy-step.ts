import type { Deployment, Environment, Prisma } from '#src/generated/prisma/client.js';
import type { Progress } from '#src/modules/deployments/domain/deployment-columns.js';
import type { BuildInputs } from '#src/modules/deployments/domain/build-inputs.js';
import type { StepIdentity } from '#src/modules/deployments/domain/step-identity.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import type { GitSource } from '#src/integrations/git/git-source.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';

/** What determines the steps of a deployment. */
export type PlannedDeployment = Pick<
  Deployment,
  'source' | 'rollbackOfId' | 'isChange' | 'releaseCommand' | 'virtualHost'
>;

/** What a step works with: the current row, and the writes that it may make. No step writes a status. */
export interface StepContext {
  readonly deployment: Deployment & { environment: Environment };
  /** Aborts when the deployment is cancelled, exceeds a deadline, or the process shuts down. */
  readonly signal: AbortSignal;
  release(): Release;
  registryAuth(): RegistryAuth | undefined;
  /** Only for a deployment from Git. */
  gitSource(): GitSource;
  buildInputs(): BuildInputs;
  /** Shown to clients; written at most twice a second. */
  progress(progress: Progress): void;
  /** Runs `work` without counting its time against the deadlines. */
  pauseDeadline(work: () => Promise<void>): Promise<void>;
  /** Registers `release` for the end of this attempt, whatever the outcome. */
  onFinish(release: () => void): void;
  /** Ends this run after the step: it only waits, and a job runs it again, at `until` at the latest. */
  suspend(until: Date): void;
  /** Creates the Container rows of the service. */
  expectContainers(service: { id: string; name: string }): Promise<void>;
  /** Writes columns that later steps need. Throws StaleAttemptError when another worker has superseded this attempt. */
  save(data: Prisma.DeploymentUpdateManyMutationInput): Promise<void>;
}

export interface DeployStep extends StepIdentity {
  /** Time limit in milliseconds, paused time not counted. Default: the deadline of a deployment without a build. */
  readonly allowedMs?: number;
  /** True for deployments that have this step. Default: all. */
  readonly appliesTo?: (deployment: PlannedDeployment) => boolean;
  /** Must be safe to run twice: after a crash or a suspension the step runs again. */
  run(context: StepContext): Promise<void>;
  /** Reverts `run`, which may have done all of its work, a part of it or nothing. */
  undo?(context: StepContext): Promise<void>;
}

/** True when the image comes from a registry and its tag has to be resolved. */
export function fromImage({ source, rollbackOfId }: PlannedDeployment): boolean {
  return source === 'IMAGE' && rollbackOfId === null;
}

/** True when the image has to be built. */
export function isToBeBuilt({ source, rollbackOfId }: PlannedDeployment): boolean {
  return source !== 'IMAGE' && rollbackOfId === null;
}

/** True when a repository has to be cloned. */
export function fromGit(deployment: PlannedDeployment): boolean {
  return deployment.source === 'GIT' && isToBeBuilt(deployment);
}

/** Progress of a pull or push, with the message `14.2/31.0 MB`. */
export function transferred(step: string, { current, total }: { current: number; total: number }): Progress {
  return { step, message: `${(current / 1e6).toFixed(1)}/${(total / 1e6).toFixed(1)} MB`, current, total };
}
