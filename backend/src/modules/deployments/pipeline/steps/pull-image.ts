import { Injectable } from '@nestjs/common';
import { Images } from '#src/integrations/docker/images.js';
import { isPushed, removedImageMessage } from '#src/modules/deployments/domain/built-image.js';
import { type DeployStep, isToBeBuilt, type PlannedDeployment, type StepContext, transferred } from './deploy-step.js';
import { registryFailure } from './failures.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/** Pulls the image to this node, unless it is present. */
@Injectable()
export class PullImage implements DeployStep {
  readonly name = 'PullImage';
  readonly status = 'PULLING_IMAGE';
  readonly appliesTo = (deployment: PlannedDeployment) => !isToBeBuilt(deployment);

  constructor(private readonly images: Images) {}

  async run(context: StepContext): Promise<void> {
    const { image } = context.release();
    if (await this.images.find(image)) return;
    const { id, source, image: repository, rollbackOfId } = context.deployment;
    if (source !== 'IMAGE' && !isPushed(repository))
      throw new StepFailure('IMAGE_NOT_FOUND', removedImageMessage({ source, releaseId: rollbackOfId ?? id }));
    const auth = context.registryAuth();
    try {
      await this.images.pull(
        image,
        auth,
        (progress) => context.progress(transferred('PULLING', progress)),
        context.signal,
      );
    } catch (error) {
      context.signal.throwIfAborted();
      throw registryFailure(error, image, auth !== undefined);
    }
  }
}
