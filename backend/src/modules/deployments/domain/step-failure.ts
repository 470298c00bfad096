import { DEPLOYMENT_ERRORS, type DeploymentErrorCode } from '#src/common/errors/error-registry.js';

/** A step's verdict that trying again will not change: the deployment becomes FAILED with this code and this public sentence. */
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
