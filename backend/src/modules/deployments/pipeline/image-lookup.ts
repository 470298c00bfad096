import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { JointAsks } from '../../../common/joint-asks.js';
import { Engine } from '../../../integrations/docker/engine.js';
import { Images, type ResolvedImage } from '../../../integrations/docker/images.js';
import type { RegistryAuth } from '../../../integrations/docker/registry-auth.js';
import { RegistryError } from '../../../integrations/docker/registry-error.js';
import { registryFailure } from './registry-failure.js';
import { StepFailure } from './step-failure.js';

/** All tries together: why an image cannot be had is known in five seconds. */
const ANSWER_WITHIN_MS = 4000;
const RETRY_MS = 700;

/** What a reference means now, if this machine can run it. */
@Injectable()
export class ImageLookup {
  private readonly asks = new JointAsks<ResolvedImage>();

  constructor(
    private readonly images: Images,
    private readonly engine: Engine,
  ) {}

  /** The digest. Throws StepFailure. */
  async digestOf(image: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string> {
    const key = JSON.stringify([image, auth]);
    const { platforms, digest } = await this.asks.ask(key, signal, () => this.resolve(image, auth));
    const { os, arch } = await this.engine.inspect();
    if (platforms.length === 0 || platforms.includes(`${os}/${arch}`)) return digest;
    throw new StepFailure(
      'IMAGE_PLATFORM_MISMATCH',
      `${image} is made for ${platforms.join(', ')}; this machine is ${os}/${arch}.`,
    );
  }

  /** Only a registry that cannot be reached is asked again: the other answers would stay the same. */
  private async resolve(image: string, auth: RegistryAuth | undefined): Promise<ResolvedImage> {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    for (;;) {
      try {
        return await this.images.resolve(image, auth, signal);
      } catch (error) {
        const unreachable = signal.aborted || (error instanceof RegistryError && error.kind === 'unreachable');
        if (!unreachable) throw registryFailure(error, image, auth !== undefined);
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
        if (signal.aborted)
          throw registryFailure(
            new RegistryError('unreachable', 'no answer in time', { cause: error }),
            image,
            auth !== undefined,
          );
      }
    }
  }
}
