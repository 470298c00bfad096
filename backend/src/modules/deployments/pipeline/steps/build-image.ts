import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { Images } from '#src/integrations/docker/images.js';
import { Checkouts } from '#src/modules/builds/checkouts.js';
import { ImageBuilder } from '#src/modules/builds/image-builder.js';
import { Sources } from '#src/modules/builds/sources.js';
import { referenceOf } from '#src/modules/deployments/domain/image-reference.js';
import { LABELS } from '#src/common/labels.js';
import { type DeployStep, isToBeBuilt, type StepContext } from './deploy-step.js';
import { buildFailure, gitFailure } from './failures.js';

/** Builds the image. The service runs it by its id. */
@Injectable()
export class BuildImage implements DeployStep {
  readonly name = 'BuildImage';
  readonly status = 'PULLING_IMAGE';
  readonly appliesTo = isToBeBuilt;
  readonly allowedMs: number;

  constructor(
    private readonly images: Images,
    private readonly sources: Sources,
    private readonly builder: ImageBuilder,
    private readonly checkouts: Checkouts,
    { git, build }: Config,
  ) {
    // After a crash this step also fetches the files.
    this.allowedMs = git.timeoutMs + build.deadlineMs;
  }

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    try {
      const id = (await this.built(context)) ?? (await this.build(context));
      await context.save({ imageDigest: id });
    } catch (error) {
      signal.throwIfAborted();
      throw buildFailure(gitFailure(error), context.buildInputs().registryAuth);
    } finally {
      await this.checkouts.remove(deployment);
      this.sources.releaseSlot(context);
    }
  }

  async undo({ deployment }: StepContext): Promise<void> {
    await this.images.tryRemove(referenceOf(deployment.image, deployment.tag, null));
  }

  private async build(context: StepContext): Promise<string> {
    await this.sources.acquireSlot(context);
    return this.builder.build(context, await this.sources.open(context));
  }

  /** Finds the image of an earlier attempt that crashed before it stored the id. */
  private async built({ deployment }: StepContext): Promise<string | undefined> {
    const [image] = await this.images.list({ [LABELS.deployment]: deployment.id });
    return image?.tags.includes(referenceOf(deployment.image, deployment.tag, null)) ? image.id : undefined;
  }
}
