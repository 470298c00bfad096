import { Injectable } from '@nestjs/common';
import { asSentence } from '#src/common/errors/as-sentence.js';
import pRetry from 'p-retry';
import { Images } from '#src/integrations/docker/images.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { BuiltInRegistry } from '#src/modules/registry/built-in-registry.js';
import { isPushed } from '#src/modules/deployments/domain/built-image.js';
import { referenceOf } from '#src/modules/deployments/domain/image-reference.js';
import { type DeployStep, isToBeBuilt, type StepContext, transferred } from './deploy-step.js';
import { registryFailure } from './failures.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/** The platform's own registry rejects pushes while it starts and while it collects garbage. */
const RETRY = { minTimeout: 1000, factor: 1, maxRetryTime: 120_000 };

/** Pushes the image to the registry that every node pulls from, if there is one. The service runs the digest there. */
@Injectable()
export class PushImage implements DeployStep {
  readonly name = 'PushImage';
  readonly status = 'PULLING_IMAGE';
  readonly appliesTo = isToBeBuilt;

  constructor(
    private readonly images: Images,
    private readonly registry: BuiltInRegistry,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { image, tag } = context.deployment;
    if (!isPushed(image)) return;
    const reference = referenceOf(image, tag, null);
    context.progress({ step: 'PUSHING', message: reference });
    const imageDigest = await pRetry(() => this.push(context, reference), {
      ...RETRY,
      retries: this.registry.isOn ? Infinity : 0,
      signal: context.signal,
      shouldRetry: ({ error }) => !isPermanent(error),
    }).catch(async (error: unknown) => {
      context.signal.throwIfAborted();
      throw await this.failure(error, reference, context);
    });
    await context.save({ imageDigest });
  }

  private push(context: StepContext, reference: string): Promise<string> {
    const onProgress = (progress: { current: number; total: number }) =>
      context.progress(transferred('PUSHING', progress));
    return this.images.push(reference, context.registryAuth(), onProgress, context.signal);
  }

  private async failure(error: unknown, reference: string, context: StepContext): Promise<unknown> {
    const problem = this.registry.isOn ? await this.registry.failureReason() : undefined;
    if (problem === undefined) return registryFailure(error, reference, context.registryAuth() !== undefined);
    return new StepFailure('REGISTRY_UNREACHABLE', asSentence(`The built-in registry is unavailable: ${problem}`), {
      cause: error,
    });
  }
}

/** A registry that rejects pushes for a while does so with errors of no known kind. */
function isPermanent(error: unknown): boolean {
  return error instanceof RegistryError && error.kind !== 'unreachable' && error.kind !== 'failed';
}
