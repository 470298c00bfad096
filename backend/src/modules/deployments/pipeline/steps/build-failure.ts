import { BuildError, type BuildErrorKind } from '#src/integrations/docker/build-error.js';
import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import { DockerError } from '#src/integrations/docker/docker-error.js';
import { registryFailure } from './registry-failure.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { withLastLines } from '#src/modules/deployments/swarm/last-lines.js';

const CODES: Record<Exclude<BuildErrorKind, 'base-image'>, DeploymentErrorCode> = {
  dockerfile: 'DOCKERFILE_INVALID',
  step: 'BUILD_FAILED',
  'disk-full': 'DISK_FULL',
};

/**
 * Converts a build error to a failure with the command, its exit code and its last lines. Returns other errors
 * unchanged.
 */
export function buildFailure(error: unknown): unknown {
  if (error instanceof BuildError) {
    const { kind, message, output, cause } = error;
    if (kind === 'base-image') return registryFailure(cause, message, false);
    const text = output.length > 0 ? withLastLines(message, output, 'Last lines of the build') : message;
    return new StepFailure(CODES[kind], text, { cause: error });
  }
  if (error instanceof DockerError && error.kind === 'invalid')
    return new StepFailure('DOCKERFILE_INVALID', `The Docker Engine rejected the build: ${error.message}`, {
      cause: error,
    });
  return error;
}
