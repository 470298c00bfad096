import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CancelListeners } from '#src/common/cancel-listeners.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import type { JobLease } from '#src/modules/deployments/repositories/pipeline.repository.js';

/** Abort reason: the deployment or its environment was cancelled or deleted. */
export class Cancelled extends Error {}

/** Aborts a running pipeline when its deployment is cancelled, whichever process handled the request. */
@Injectable()
export class CancelSignals implements OnModuleInit {
  private readonly running = new CancelListeners(() => new Cancelled());

  constructor(
    private readonly signals: PgNotifications,
    private readonly states: DeploymentStatesRepository,
  ) {}

  onModuleInit(): void {
    this.signals.on('deployment.cancel', ({ deploymentId }) => this.running.abort(deploymentId));
    this.signals.on('reconnected', () => void this.recheck(this.running.ids).catch(() => undefined));
  }

  watch(claim: JobLease): { signal: AbortSignal; end: () => void } {
    const listener = this.running.listen(claim.id);
    if (claim.status !== 'RUNNING') {
      if (claim.cancelRequestedAt || claim.environment.status !== 'ACTIVE') this.running.abort(claim.id);
      // A cancellation between the claim and this moment has no listener yet.
      else void this.recheck([claim.id]).catch(() => undefined);
    }
    return listener;
  }

  private async recheck(ids: string[]): Promise<void> {
    for (const { id } of await this.states.cancelRequested(ids)) this.running.abort(id);
  }
}
