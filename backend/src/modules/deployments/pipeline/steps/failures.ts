import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import { BuildError, type BuildErrorKind } from '#src/integrations/docker/build-error.js';
import { DockerError } from '#src/integrations/docker/docker-error.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { GitError, type GitErrorKind } from '#src/integrations/git/git-error.js';
import type { BuildRegistryAuth } from '#src/modules/deployments/domain/build-inputs.js';
import { parseImageReference, registryOf } from '#src/modules/deployments/domain/image-reference.js';
import { adviceFor } from '#src/modules/deployments/domain/known-last-words.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { withLastLines } from '#src/modules/deployments/swarm/last-lines.js';

const GIT_CODES: Record<GitErrorKind, DeploymentErrorCode> = {
  auth: 'GIT_AUTH',
  'not-found': 'GIT_NOT_FOUND',
  'ref-not-found': 'GIT_REF_NOT_FOUND',
  timeout: 'GIT_TIMEOUT',
  'too-large': 'REPO_TOO_LARGE',
  'not-allowed': 'GIT_HOST_NOT_ALLOWED',
  unreachable: 'GIT_UNREACHABLE',
  'disk-full': 'DISK_FULL',
  submodule: 'GIT_SUBMODULE',
  failed: 'GIT_UNREACHABLE',
};

const BUILD_CODES: Record<Exclude<BuildErrorKind, 'base-image'>, DeploymentErrorCode> = {
  dockerfile: 'DOCKERFILE_INVALID',
  step: 'BUILD_FAILED',
  'disk-full': 'DISK_FULL',
};

/** Converts a GitError to a StepFailure. Returns other errors unchanged. */
export function gitFailure(error: unknown): unknown {
  return error instanceof GitError ? new StepFailure(GIT_CODES[error.kind], error.message, { cause: error }) : error;
}

/** Converts a RegistryError to a StepFailure. Returns other errors unchanged. */
export function registryFailure(error: unknown, image: string, hasCredentials: boolean): unknown {
  if (!(error instanceof RegistryError)) return error;
  const registry = parseImageReference(image)?.registry ?? 'the registry';
  switch (error.kind) {
    case 'not-found':
      return new StepFailure('IMAGE_NOT_FOUND', `${image} does not exist in ${registry}.`, { cause: error });
    case 'unauthorized':
      // Docker Hub answers alike for a missing and for a private repository.
      if (!hasCredentials && registry === 'docker.io')
        return new StepFailure(
          'IMAGE_NOT_FOUND',
          `${image} does not exist on Docker Hub, or it is private and needs registryAuth.`,
          { cause: error },
        );
      return new StepFailure(
        'REGISTRY_AUTH',
        hasCredentials
          ? `${registry} refused the credentials for ${image}.`
          : `${registry} requires credentials for ${image}. Add registryAuth.`,
        { cause: error },
      );
    case 'rate-limited':
      return new StepFailure('REGISTRY_RATE_LIMITED', `${registry} has rate-limited pulls from this machine.`, {
        cause: error,
      });
    case 'unreachable':
      return new StepFailure('REGISTRY_UNREACHABLE', `${registry} cannot be reached from this machine.`, {
        cause: error,
      });
    case 'failed':
      return new StepFailure(
        'REGISTRY_UNREACHABLE',
        `${registry} gave an answer for ${image} that the Docker Engine does not accept.`,
        { cause: error },
      );
    case 'disk-full':
      return new StepFailure('DISK_FULL', `There is no disk space left for ${image}.`, { cause: error });
    case 'not-allowed':
      return new StepFailure(
        'REGISTRY_HOST_NOT_ALLOWED',
        `${registry} has no public address. The operator can allow it in REGISTRY_ALLOWED_PRIVATE_HOSTS.`,
        { cause: error },
      );
  }
}

/**
 * Converts a build error to a failure with the command, its exit code and its last lines. Returns other errors
 * unchanged.
 */
export function buildFailure(error: unknown, auth?: BuildRegistryAuth): unknown {
  if (error instanceof BuildError) {
    const { kind, message, output, cause } = error;
    if (kind === 'base-image') return baseImageFailure(cause, message, auth);
    const text =
      output.length > 0
        ? withLastLines(message, output, 'Last lines of the build', adviceFor(output, { from: 'build' }))
        : message;
    return new StepFailure(BUILD_CODES[kind], text, { cause: error });
  }
  if (error instanceof DockerError && error.kind === 'invalid')
    return new StepFailure('DOCKERFILE_INVALID', `The Docker Engine rejected the build: ${error.message}`, {
      cause: error,
    });
  return error;
}

function baseImageFailure(cause: unknown, image: string, auth: BuildRegistryAuth | undefined): unknown {
  const registry = parseImageReference(image)?.registry ?? '';
  const isForIt = auth !== undefined && (auth.registry === undefined || auth.registry === registryOf(registry));
  const isRefused = cause instanceof RegistryError && cause.kind === 'unauthorized';
  if (auth === undefined || isForIt || !isRefused) return registryFailure(cause, image, isForIt);
  return new StepFailure(
    'REGISTRY_AUTH',
    `${registry} requires credentials for ${image}, and registryAuth is for ${auth.registry ?? ''}. A build has credentials of one registry: set registryAuth.registry to ${registry}.`,
    { cause },
  );
}
