import { Injectable } from '@nestjs/common';
import { type DeployStep, fromImage, type StepContext } from './deploy-step.js';
import { ImageLookup } from './image-lookup.js';

/** What the tag means now, once and for all: the digest is what will run, here, after a restart and at a rollback. */
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
