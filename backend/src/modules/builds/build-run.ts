import type { Deployment, Environment, Prisma } from '#src/generated/prisma/client.js';
import type { BuildInputs } from '#src/modules/deployments/domain/build-inputs.js';
import type { GitSource } from '#src/integrations/git/git-source.js';

/** The part of the pipeline's context that a build uses. */
export interface BuildRun {
  readonly deployment: Deployment & { environment: Environment };
  /** Aborted when the deployment is cancelled, exceeds its deadline, or the process shuts down. */
  readonly signal: AbortSignal;
  /** Only for a deployment from Git. */
  gitSource(): GitSource;
  buildInputs(): BuildInputs;
  progress(progress: { step: string; message: string; current?: number; total?: number }): void;
  /** Runs `work` without counting its time against the deadline. */
  pauseDeadline(work: () => Promise<void>): Promise<void>;
  /** Registers `release` for the end of this run, whatever the outcome. */
  onFinish(release: () => void): void;
  save(data: Prisma.DeploymentUpdateManyMutationInput): Promise<void>;
}
