import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Deployment } from '#src/generated/prisma/client.js';
import { DeploymentJobs } from '#src/modules/deployments/jobs/deployment-jobs.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { ContainerEvents } from '#src/modules/deployments/swarm/container-events.js';

/** Finds what has no event on this machine: containers of other nodes. */
const CHECK_INTERVAL_MS = 5000;
/** Swarm updates its task after Docker's event. */
const AFTER_EVENT_MS = 300;

/**
 * Schedules the next check of a release whose previous one drains, so that no worker waits. The job is durable; an event
 * of the release's containers only makes it earlier.
 */
@Injectable()
export class DrainSchedule implements OnModuleDestroy {
  private readonly logger = new Logger(DrainSchedule.name);
  private readonly closing = new AbortController();

  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly jobs: DeploymentJobs,
    private readonly events: ContainerEvents,
  ) {}

  onModuleDestroy(): void {
    this.closing.abort();
  }

  async schedule(deployment: Deployment, until: Date): Promise<void> {
    const inMs = Math.max(0, Math.min(until.getTime() - Date.now(), CHECK_INTERVAL_MS));
    await this.jobs.drain(this.states.db, deployment, new Date(Date.now() + inMs));
    void this.checkAfterEvent(deployment, inMs).catch((error: unknown) =>
      this.logger.debug(`check of deployment ${deployment.id} not brought forward: ${String(error)}`),
    );
  }

  private async checkAfterEvent(deployment: Deployment, withinMs: number): Promise<void> {
    if (await this.events.next(deployment.id, { withinMs, signal: this.closing.signal }))
      await this.jobs.drain(this.states.db, deployment, new Date(Date.now() + AFTER_EVENT_MS));
  }
}
