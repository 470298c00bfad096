import { Injectable } from '@nestjs/common';
import { GitRepositories } from '../../../../integrations/git/git-repositories.js';
import { Sources } from '../../build/sources.js';
import { Checkouts } from '../../build/checkouts.js';
import type { DeployStep, StepContext } from '../deploy-step.js';
import { gitFailure } from '../git-failure.js';

/** Which commit, once and for all; then its files. */
@Injectable()
export class FetchSource implements DeployStep {
  readonly name = 'FetchSource';
  readonly status = 'PULLING_IMAGE';
  readonly source = 'GIT';

  constructor(
    private readonly repositories: GitRepositories,
    private readonly sources: Sources,
    private readonly checkouts: Checkouts,
  ) {}

  async run(context: StepContext): Promise<void> {
    await this.sources.takeTurn(context);
    try {
      if (context.deployment.gitCommitSha === null) await this.resolve(context);
      await this.sources.checkOut(context);
    } catch (error) {
      context.signal.throwIfAborted();
      throw gitFailure(error);
    }
  }

  async undo({ deployment }: StepContext): Promise<void> {
    await this.checkouts.remove(deployment.id);
  }

  private async resolve(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    const { ref, commit } = this.sources.optionsOf(deployment);
    context.progress({ step: 'CLONING', message: ref ?? commit ?? 'the default branch' });
    const wish = { ref: ref ?? undefined, commit: commit ?? undefined };
    const directory = this.checkouts.directory(deployment.id);
    const resolved = await this.repositories.resolve(context.gitSource(), wish, directory, signal);
    await context.save({ gitCommitSha: resolved.sha, gitBranch: resolved.ref ?? null });
  }
}
