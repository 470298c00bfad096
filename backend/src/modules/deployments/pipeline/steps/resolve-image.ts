import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Engine } from '../../../../integrations/docker/engine.js';
import { Images, type ResolvedImage } from '../../../../integrations/docker/images.js';
import { RegistryError } from '../../../../integrations/docker/registry-error.js';
import { type DeployStep, fromImage, type StepContext } from '../deploy-step.js';
import { registryFailure } from '../registry-failure.js';
import { StepFailure } from '../step-failure.js';

/** All tries together: why an image cannot be had is known in five seconds. */
const ANSWER_WITHIN_MS = 4000;
const RETRY_MS = 700;

/** What the tag means now, once and for all: the digest is what will run, here, after a restart and at a rollback. */
@Injectable()
export class ResolveImage implements DeployStep {
  readonly name = 'ResolveImage';
  readonly status = 'PULLING_IMAGE';
  readonly appliesTo = fromImage;

  constructor(
    private readonly images: Images,
    private readonly engine: Engine,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { image } = context.release();
    context.progress({ step: 'RESOLVING', message: image });
    const resolved = await this.resolve(image, context);
    const { os, arch } = await this.engine.inspect();
    const { platforms, digest } = resolved;
    if (platforms.length > 0 && !platforms.includes(`${os}/${arch}`)) {
      throw new StepFailure(
        'IMAGE_PLATFORM_MISMATCH',
        `${image} is made for ${platforms.join(', ')}; this machine is ${os}/${arch}.`,
      );
    }
    await context.save({ imageDigest: digest });
  }

  /** Only a registry that cannot be reached is asked again: the other answers would stay the same. */
  private async resolve(image: string, context: StepContext): Promise<ResolvedImage> {
    const auth = context.registryAuth();
    const patience = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const signal = AbortSignal.any([context.signal, patience]);
    for (;;) {
      try {
        return await this.images.resolve(image, auth, signal);
      } catch (error) {
        context.signal.throwIfAborted();
        const unreachable = patience.aborted || (error instanceof RegistryError && error.kind === 'unreachable');
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
