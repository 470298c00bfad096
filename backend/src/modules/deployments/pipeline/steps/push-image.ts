import { Injectable } from '@nestjs/common';
import { Images } from '../../../../integrations/docker/images.js';
import { isPushed } from '../../release/built-image.js';
import { referenceOf } from '../../release/image-reference.js';
import { type DeployStep, fromGit, type StepContext } from '../deploy-step.js';
import { megabytes } from '../megabytes.js';
import { registryFailure } from '../registry-failure.js';

/** To where every node can pull it from, if there is such a registry. The digest there is what will run. */
@Injectable()
export class PushImage implements DeployStep {
  readonly name = 'PushImage';
  readonly status = 'PULLING_IMAGE';
  readonly appliesTo = fromGit;

  constructor(private readonly images: Images) {}

  async run(context: StepContext): Promise<void> {
    const { image, tag } = context.deployment;
    if (!isPushed(image)) return;
    const reference = referenceOf(image, tag, null);
    try {
      context.progress({ step: 'PUSHING', message: reference });
      const tell = (progress: { current: number; total: number }) =>
        context.progress({ step: 'PUSHING', message: megabytes(progress), ...progress });
      await context.save({ imageDigest: await this.images.push(reference, undefined, tell, context.signal) });
    } catch (error) {
      context.signal.throwIfAborted();
      throw registryFailure(error, reference, false);
    }
  }
}
