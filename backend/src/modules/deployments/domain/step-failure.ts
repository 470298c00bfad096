import { DEPLOYMENT_ERRORS, type DeploymentErrorCode } from '#src/common/errors/error-registry.js';

/**
 * A permanent failure of a step: the deployment becomes FAILED with this code and this public message, without a retry.
 */
export class StepFailure extends Error {
  constructor(
    readonly code: DeploymentErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  get hint(): string {
    return DEPLOYMENT_ERRORS[this.code];
  }
}
