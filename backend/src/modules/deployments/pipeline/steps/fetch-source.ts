import { Injectable } from '@nestjs/common';
import { Sources } from '#src/modules/builds/sources.js';
import { Checkouts } from '#src/modules/builds/checkouts.js';
import { type DeployStep, fromGit, type StepContext } from './deploy-step.js';
import { gitFailure } from './failures.js';

/** Clones the repository and stores the commit, so that a retry builds the same one. */
@Injectable()
export class FetchSource implements DeployStep {
  readonly name = 'FetchSource';
  readonly status = 'PULLING_IMAGE';
  readonly appliesTo = fromGit;

  constructor(
    private readonly sources: Sources,
    private readonly checkouts: Checkouts,
  ) {}

  async run(context: StepContext): Promise<void> {
    await this.sources.acquireSlot(context);
    context.progress({ step: 'CLONING', message: context.deployment.gitUrl ?? '' });
    try {
      const { sha, ref } = await this.sources.checkOut(context);
      if (context.deployment.gitCommitSha === null) await context.save({ gitCommitSha: sha, gitBranch: ref ?? null });
    } catch (error) {
      context.signal.throwIfAborted();
      throw gitFailure(error);
    }
  }

  async undo({ deployment }: StepContext): Promise<void> {
    await this.checkouts.remove(deployment);
  }
}
