import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '../../../common/decorators/caller.js';
import { SharedReads } from '../../../common/shared-reads.js';
import { Clock } from '../../../common/time/clock.js';
import { Signals } from '../../../core/database/signals.js';
import { type DeploymentRow, DeploymentsRepository } from '../deployments.repository.js';
import { DeploymentDto } from '../dto/deployment.dto.js';

/** A row is believed for as long as no change of it is heard of, and never longer than that: its environment's name comes without a signal. */
const TTL_MS = 1000;

/**
 * The hot path: clients poll their jobs. What was read stays until the database signals a change of it, so that one change costs one
 * read and one serialisation, however many ask or wait.
 */
@Injectable()
export class PolledDeployments implements OnModuleInit {
  private readonly rows: SharedReads<DeploymentRow | null>;
  private readonly bodies = new WeakMap<DeploymentRow, Buffer>();

  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly signals: Signals,
    clock: Clock,
  ) {
    this.rows = new SharedReads(clock, TTL_MS);
  }

  onModuleInit(): void {
    this.signals.on('deployment.changed', ({ jobId }) => this.rows.forget(jobId));
    this.signals.on('reconnected', () => this.rows.clear());
  }

  /** Null for what does not exist and for what is somebody else's. */
  async find(caller: Caller, jobId: string): Promise<DeploymentRow | null> {
    const row = await this.rows.get(jobId, () => this.deployments.byJobIdForAnybody(jobId));
    return row && (caller.isAdmin || row.environment.userId === caller.userId) ? row : null;
  }

  /** The answer's body, JSON in UTF-8. */
  bodyOf(row: DeploymentRow): Buffer {
    const known = this.bodies.get(row);
    if (known) return known;
    const body = Buffer.from(JSON.stringify({ deployment: DeploymentDto.from(row) }));
    this.bodies.set(row, body);
    return body;
  }
}
