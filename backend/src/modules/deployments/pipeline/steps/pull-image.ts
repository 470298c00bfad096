import { Injectable } from '@nestjs/common';
import { Images } from '../../../../integrations/docker/images.js';
import { type DeployStep, fromImage, type StepContext } from '../deploy-step.js';
import { megabytes } from '../megabytes.js';
import { registryFailure } from '../registry-failure.js';

/** The bytes of that digest, on this node. Nothing to do when they are here already. */
@Injectable()
export class PullImage implements DeployStep {
  readonly name = 'PullImage';
  readonly status = 'PULLING_IMAGE';
  readonly appliesTo = fromImage;

  constructor(private readonly images: Images) {}

  async run(context: StepContext): Promise<void> {
    const { image } = context.release();
    if (await this.images.find(image)) return;
    const auth = context.registryAuth();
    try {
      await this.images.pull(
        image,
        auth,
        (progress) => context.progress({ step: 'PULLING', message: megabytes(progress), ...progress }),
        context.signal,
      );
    } catch (error) {
      context.signal.throwIfAborted();
      throw registryFailure(error, image, auth !== undefined);
    }
  }
}
