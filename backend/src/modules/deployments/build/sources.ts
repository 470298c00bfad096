import { Injectable } from '@nestjs/common';
import type { Deployment } from '../../../generated/prisma/client.js';
import { secretsOf } from '../../../integrations/git/git-source.js';
import type { StepContext } from '../pipeline/deploy-step.js';
import { BuildGate } from './build-gate.js';
import { BuildLog } from './build-log.js';
import type { BuildOptions } from './build-options.js';
import { type Checkout, Checkouts } from './checkouts.js';

/** The files of a deployment's commit, for whichever step needs them. */
@Injectable()
export class Sources {
  constructor(
    private readonly checkouts: Checkouts,
    private readonly gate: BuildGate,
    private readonly log: BuildLog,
  ) {}

  optionsOf({ gitOptions }: Deployment): BuildOptions {
    return gitOptions as unknown as BuildOptions;
  }

  /** From the clone to the image: what waits has a place on the disk only when it is its turn. */
  async takeTurn(context: StepContext): Promise<void> {
    const { id } = context.deployment;
    context.atEnd(() => this.gate.leave(id));
    if (this.gate.wouldWait(id)) {
      context.progress({ step: 'QUEUED', message: 'waiting for another build' });
      await context.waiting(() => this.gate.enter(id, context.signal));
    } else await this.gate.enter(id, context.signal);
  }

  giveTurnBack({ deployment }: StepContext): void {
    this.gate.leave(deployment.id);
  }

  /** The commit that is recorded, else what the request asks for now. Nothing to do when its files are here already. Throws GitError. */
  async checkOut(context: StepContext): Promise<Checkout> {
    const { deployment, signal } = context;
    const options = this.optionsOf(deployment);
    const source = context.gitSource();
    const log = await this.log.writer(deployment.id, secretsOf(source.auth));
    try {
      return await this.checkouts.ensure(deployment.id, source, {
        revision: { ref: options.ref ?? undefined, commit: deployment.gitCommitSha ?? options.commit ?? undefined },
        submodules: options.submodules,
        onLine: (line) => log.add(line),
        onProgress: ({ message, current }) => context.progress({ step: 'CLONING', message, current, total: 100 }),
        signal,
      });
    } catch (error) {
      log.add(error instanceof Error ? error.message : 'The clone failed.', 'stderr');
      throw error;
    } finally {
      await log.end();
    }
  }
}
