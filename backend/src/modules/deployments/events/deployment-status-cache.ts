import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Caller, mayAccess } from '#src/common/decorators/caller.js';
import { ReadThroughCache } from '#src/common/read-through-cache.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import {
  type DeploymentRow,
  DeploymentsRepository,
} from '#src/modules/deployments/repositories/deployments.repository.js';

/** A change of the environment's name sends no notification, so an entry is valid for at most this long. */
const TTL_MS = 1000;

/**
 * Caches rows for clients that poll their jobs, the hot path. An entry stays until the database signals a change, so
 * one change costs one read, for any number of clients.
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

  /** Null for a deployment that does not exist or belongs to another user. */
  async find(caller: Caller, jobId: string): Promise<DeploymentRow | null> {
    const row = await this.rows.get(jobId, () => this.deployments.byJobIdUnfiltered(jobId));
    return row && mayAccess(caller, row.environment) ? row : null;
  }
}
