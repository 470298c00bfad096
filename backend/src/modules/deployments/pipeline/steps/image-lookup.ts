import { Injectable } from '@nestjs/common';
import { SingleFlight } from '#src/common/single-flight.js';
import { Engine } from '#src/integrations/docker/engine.js';
import type { ResolvedImage } from '#src/integrations/docker/images.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { RegistryImages } from '#src/integrations/docker/registry-images.js';
import { parseImageReference } from '#src/modules/deployments/domain/image-reference.js';
import { registryFailure } from './failures.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/** Limit for all retries together, so that a missing image is reported within five seconds. */
const LOOKUP_TIMEOUT_MS = 4000;

/** Resolves a reference to a digest that this machine can run. */
@Injectable()
export class ImageLookup {
  private readonly lookups = new SingleFlight<ResolvedImage>();

  constructor(
    private readonly images: RegistryImages,
    private readonly engine: Engine,
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

  private async resolve(image: string, auth: RegistryAuth | undefined): Promise<ResolvedImage> {
    const registry = parseImageReference(image)?.registry ?? '';
    try {
      return await this.images.resolve({ reference: image, registry }, auth, { withinMs: LOOKUP_TIMEOUT_MS });
    } catch (error) {
      throw registryFailure(error, image, auth !== undefined);
    }
  }
}
