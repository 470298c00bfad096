import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { parseImageReference } from '#src/modules/deployments/domain/image-reference.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/** What the user is told when an image cannot be had. */
export function registryFailure(error: unknown, image: string, hasCredentials: boolean): unknown {
  if (!(error instanceof RegistryError)) return error;
  const registry = parseImageReference(image)?.registry ?? 'the registry';
  switch (error.kind) {
    case 'not-found':
      return new StepFailure('IMAGE_NOT_FOUND', `${image} does not exist in ${registry}.`, { cause: error });
    case 'unauthorized':
      // Docker Hub refuses what does not exist in the words in which it refuses what is private.
      if (!hasCredentials && registry === 'docker.io')
        return new StepFailure(
          'IMAGE_NOT_FOUND',
          `${image} does not exist on Docker Hub, or is private: then it needs registryAuth.`,
          { cause: error },
        );
      return new StepFailure(
        'REGISTRY_AUTH',
        hasCredentials
          ? `${registry} refused the credentials for ${image}.`
          : `${registry} wants credentials for ${image}.`,
        { cause: error },
      );
    case 'rate-limited':
      return new StepFailure('REGISTRY_RATE_LIMITED', `${registry} limits how often images may be pulled from here.`, {
        cause: error,
      });
    case 'unreachable':
      return new StepFailure('REGISTRY_UNREACHABLE', `${registry} cannot be reached from this machine.`, {
        cause: error,
      });
    case 'disk-full':
      return new StepFailure('DISK_FULL', `There is no disk space left for ${image}.`, { cause: error });
  }
}
