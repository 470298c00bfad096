import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '../../../common/decorators/caller.js';
import { Clock } from '../../../common/time/clock.js';
import { Signals } from '../../../core/database/signals.js';
import { type DeploymentRow, DeploymentsRepository } from '../deployments.repository.js';

/** A row is believed for as long as no change of it is heard of, and never longer than that: its environment's name comes without a signal. */
const TTL_MS = 1000;
const MAX_ENTRIES = 2000;

interface Read {
  row: Promise<DeploymentRow | null>;
  at: number;
}

/**
 * The hot path: clients poll their jobs. What was read stays until the database signals a change of it, so that one change costs one
 * read, however many ask or wait.
 */
@Injectable()
export class PolledDeployments implements OnModuleInit {
  private readonly reads = new Map<string, Read>();

  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly signals: Signals,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.signals.on('deployment.changed', ({ jobId }) => this.reads.delete(jobId));
    this.signals.on('reconnected', () => this.reads.clear());
  }

  /** Null for what does not exist and for what is somebody else's. */
  async find(caller: Caller, jobId: string): Promise<DeploymentRow | null> {
    const row = await this.read(jobId);
    return row && (caller.isAdmin || row.environment.userId === caller.userId) ? row : null;
  }

  private read(jobId: string): Promise<DeploymentRow | null> {
    const now = this.clock.now().getTime();
    const known = this.reads.get(jobId);
    if (known && now - known.at < TTL_MS) return known.row;
    const row = this.deployments.byJobIdForAnybody(jobId);
    const read = { row, at: now };
    const forget = () => this.reads.get(jobId) === read && this.reads.delete(jobId);
    row.then((found) => found === null && forget(), forget);
    this.reads.delete(jobId);
    this.reads.set(jobId, read);
    const oldest = this.reads.size > MAX_ENTRIES ? this.reads.keys().next().value : undefined;
    if (oldest !== undefined) this.reads.delete(oldest);
    return row;
  }
}
