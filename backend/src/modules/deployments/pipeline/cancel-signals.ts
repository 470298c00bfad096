import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import type { JobLease } from '#src/modules/deployments/repositories/pipeline.repository.js';

/** Abort reason: the deployment or its environment was cancelled or deleted. */
export class Cancelled extends Error {}

/** Aborts a running pipeline when its deployment is cancelled, whichever process handled the request. */
@Injectable()
export class CancelSignals implements OnModuleInit {
  private readonly running = new Map<string, AbortController>();

  constructor(
    private readonly signals: PgNotifications,
    private readonly states: DeploymentStatesRepository,
  ) {}

  onModuleInit(): void {
    this.signals.on('deployment.cancel', ({ deploymentId }) => this.running.get(deploymentId)?.abort(new Cancelled()));
    this.signals.on('reconnected', () => void this.recheck([...this.running.keys()]).catch(() => undefined));
  }

  watch(claim: JobLease): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    this.running.set(claim.id, controller);
    if (claim.status !== 'RUNNING') {
      if (claim.cancelRequestedAt || claim.environment.status !== 'ACTIVE') controller.abort(new Cancelled());
      // A cancellation between the claim and this moment has no listener yet.
      else void this.recheck([claim.id]).catch(() => undefined);
    }
    const end = () => {
      if (this.running.get(claim.id) === controller) this.running.delete(claim.id);
    };
    return { signal: controller.signal, end };
  }

  private async recheck(ids: string[]): Promise<void> {
    for (const { id } of await this.states.cancelRequested(ids)) this.running.get(id)?.abort(new Cancelled());
  }
}
