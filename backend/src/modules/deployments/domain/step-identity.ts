import type { DeploymentStatus } from '#src/generated/prisma/client.js';

/** A step of the pipeline as its row names it. */
export interface StepIdentity {
  readonly name: string;
  /** The deployment's status while the step runs. */
  readonly status: DeploymentStatus;
}
