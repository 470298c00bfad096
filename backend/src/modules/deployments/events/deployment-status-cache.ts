import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { ReadThroughCache } from '#src/common/read-through-cache.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import {
  type DeploymentRow,
  DeploymentsRepository,
} from '#src/modules/deployments/repositories/deployments.repository.js';

/** A row is believed for as long as no change of it is heard of, and never longer than that: its environment's name comes without a signal. */
const TTL_MS = 1000;

/**
 * The hot path: clients poll their jobs. A row stays until the database signals a change of it, so that one change costs one read,
 * whatever the number of clients.
 */
@Injectable()
export class DeploymentStatusCache implements OnModuleInit {
  private readonly rows = new ReadThroughCache<DeploymentRow | null>(TTL_MS);

  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly signals: PgNotifications,
  ) {}

  onModuleInit(): void {
    this.signals.on('deployment.changed', ({ jobId }) => this.rows.invalidate(jobId));
    this.signals.on('reconnected', () => this.rows.clear());
  }

  /** Null for what does not exist and for what is somebody else's. */
  async find(caller: Caller, jobId: string): Promise<DeploymentRow | null> {
    const row = await this.rows.get(jobId, () => this.deployments.byJobIdForAnybody(jobId));
    return row && (caller.isAdmin || row.environment.userId === caller.userId) ? row : null;
  }
}
