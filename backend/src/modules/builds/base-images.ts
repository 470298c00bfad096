import { Injectable } from '@nestjs/common';
import pRetry from 'p-retry';
import { Config } from '#src/config/config.js';
import { BuildError } from '#src/integrations/docker/build-error.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Images } from '#src/integrations/docker/images.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { RegistryPolicy } from '#src/integrations/docker/registry-policy.js';
import { isPlatformImage } from '#src/modules/deployments/domain/built-image.js';
import {
  type ImageReference,
  parseImageReference,
  referenceOf,
} from '#src/modules/deployments/domain/image-reference.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { DockerfileRefusal, foreignImagesOf } from './dockerfile/foreign-images.js';

const MAX_DOCKERFILE_CHARACTERS = 200_000;
const MAX_IMAGES = 50;
const LOOKUP_TIMEOUT_MS = 10_000;
const RETRY = { retries: 3, minTimeout: 500, factor: 2 };

/**
 * Checks the images that a build is based on. Each must be in a registry that gives it to everybody: what the Engine
 * has was perhaps built by another user, or pulled with another user's credentials.
 */
@Injectable()
export class BaseImages {
  constructor(
    private readonly images: Images,
    private readonly engine: Engine,
    private readonly registries: RegistryPolicy,
    private readonly config: Config,
  ) {}

  /** Throws StepFailure for a Dockerfile that is refused, BuildError for an image that no registry gives. */
  async check(text: string, buildArgs: Record<string, string>, signal: AbortSignal): Promise<void> {
    if (text.length > MAX_DOCKERFILE_CHARACTERS)
      throw refused(`The Dockerfile has more than ${MAX_DOCKERFILE_CHARACTERS} characters.`);
    const { os, arch } = await this.engine.inspect();
    const references = referencesOf(() => foreignImagesOf({ text, buildArgs, platform: { os, arch } }));
    await Promise.all(references.map((reference) => this.require(reference, signal)));
  }

  private async require(reference: ImageReference, signal: AbortSignal): Promise<void> {
    const { repository, tag = 'latest', digest = null, registry } = reference;
    const name = referenceOf(repository, tag, digest);
    if (isPlatformImage(reference, this.config.build.registry))
      throw refused(`${name} is an image that this platform has built. Use an image of a registry.`);
    const bound = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)]);
    try {
      await this.registries.require(registry);
      await pRetry(() => this.images.resolve(name, undefined, bound), {
        ...RETRY,
        signal: bound,
        shouldRetry: ({ error }) => error instanceof RegistryError && error.kind === 'unreachable',
      });
    } catch (error) {
      signal.throwIfAborted();
      const cause = bound.aborted ? new RegistryError('unreachable', 'no answer in time', { cause: error }) : error;
      throw cause instanceof RegistryError ? new BuildError('base-image', name, [], { cause }) : cause;
    }
  }
}

function referencesOf(read: () => string[]): ImageReference[] {
  let names: string[];
  try {
    names = read();
  } catch (error) {
    throw error instanceof DockerfileRefusal ? refused(error.message) : error;
  }
  if (names.length > MAX_IMAGES) throw refused(`The Dockerfile uses more than ${MAX_IMAGES} images.`);
  return names.map((name) => {
    const reference = parseImageReference(name);
    // `sha256:…` and 64 hexadecimal digits are ids of images of this engine.
    if (reference && reference.repository !== 'sha256' && !/^[0-9a-f]{64}$/.test(reference.repository))
      return reference;
    throw refused(`${name.slice(0, 300)} is not an image of a registry, such as node:22-slim, nor an earlier stage.`);
  });
}

function refused(message: string): StepFailure {
  return new StepFailure('DOCKERFILE_INVALID', message);
}
