import { Injectable } from '@nestjs/common';
import { type DeployStep, fromImage, type StepContext } from './deploy-step.js';
import { ImageLookup } from './image-lookup.js';

/** Resolves the tag to a digest and stores it: restarts and rollbacks run the same image. */
@Injectable()
export class ResolveImage implements DeployStep {
  readonly name = 'ResolveImage';
  readonly status = 'PULLING_IMAGE';
  readonly appliesTo = fromImage;

  constructor(private readonly lookup: ImageLookup) {}

  async run(context: StepContext): Promise<void> {
    const { image } = context.release();
    context.progress({ step: 'RESOLVING', message: image });
    await context.save({ imageDigest: await this.lookup.digestOf(image, context.registryAuth(), context.signal) });
  }
}
