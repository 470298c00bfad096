import { Injectable } from '@nestjs/common';
import type { DeployStep, StepContext } from './deploy-step.js';
import { Drain } from './drain.js';
import { PreviousReleases } from './previous-releases.js';

/**
 * Drains and removes the previous release after the new one is RUNNING. If the new release fails during the drain, it
 * is rolled back like any other, and the previous one is untouched. A release that the previous one was still draining
 * is removed at once: two releases serve at most.
 */
@Injectable()
export class RetirePrevious implements DeployStep {
  readonly name = 'RetirePrevious';
  readonly status = 'RUNNING';

  constructor(
    private readonly previous: PreviousReleases,
    private readonly drain: Drain,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    const releases = await this.previous.of(deployment);
    const until = releases.length > 0 ? await this.drain.check(context, releases) : undefined;
    await this.previous.retire(until ? releases.slice(1) : releases, signal);
    if (until) context.suspend(until);
  }
}
