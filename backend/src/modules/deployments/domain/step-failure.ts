import { redact, safeText } from '#src/common/safe-text.js';
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
    super(safeText(message), options);
  }

  /** The same failure without these texts. */
  without(secrets: readonly string[]): StepFailure {
    const message = redact(this.message, secrets);
    return message === this.message ? this : new StepFailure(this.code, message, { cause: this.cause });
  }

  get hint(): string {
    return DEPLOYMENT_ERRORS[this.code];
  }
}
