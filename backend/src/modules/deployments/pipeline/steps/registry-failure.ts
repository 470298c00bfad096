import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { parseImageReference } from '#src/modules/deployments/domain/image-reference.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

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
  }
}
