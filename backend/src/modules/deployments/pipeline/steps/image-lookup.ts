import { Injectable } from '@nestjs/common';
import pRetry from 'p-retry';
import { SingleFlight } from '#src/common/single-flight.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Images, type ResolvedImage } from '#src/integrations/docker/images.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { RegistryPolicy } from '#src/integrations/docker/registry-policy.js';
import { parseImageReference } from '#src/modules/deployments/domain/image-reference.js';
import { registryFailure } from './failures.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/** Limit for all retries together, so that a missing image is reported within five seconds. */
const LOOKUP_TIMEOUT_MS = 4000;
const RETRY = { retries: Infinity, minTimeout: 700, factor: 1 };

/** Resolves a reference to a digest that this machine can run. */
@Injectable()
export class ImageLookup {
  private readonly lookups = new SingleFlight<ResolvedImage>();

  constructor(
    private readonly images: Images,
    private readonly engine: Engine,
    private readonly registries: RegistryPolicy,
  ) {}

  /** The digest. Throws StepFailure. */
  async digestOf(image: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string> {
    const key = JSON.stringify([image, auth]);
    const { platforms, digest } = await this.lookups.run(key, signal, () => this.resolve(image, auth));
    const { os, arch } = await this.engine.inspect();
    if (platforms.length === 0 || platforms.includes(`${os}/${arch}`)) return digest;
    throw new StepFailure(
      'IMAGE_PLATFORM_MISMATCH',
      `${image} is built for ${platforms.join(', ')}; this machine is ${os}/${arch}.`,
    );
  }

  /** Retries only while the registry is unreachable: every other error is permanent. */
  private async resolve(image: string, auth: RegistryAuth | undefined): Promise<ResolvedImage> {
    const signal = AbortSignal.timeout(LOOKUP_TIMEOUT_MS);
    let last: Error | undefined;
    try {
      await this.registries.require(parseImageReference(image)?.registry ?? '');
      return await pRetry(() => this.images.resolve(image, auth, signal), {
        ...RETRY,
        signal,
        onFailedAttempt: ({ error }) => void (last = error),
        shouldRetry: ({ error }) => error instanceof RegistryError && error.kind === 'unreachable',
      });
    } catch (error) {
      const reason = signal.aborted
        ? new RegistryError('unreachable', 'no answer in time', { cause: last ?? error })
        : error;
      throw registryFailure(reason, image, auth !== undefined);
    }
  }
}
