import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { CommandServices } from '#src/modules/deployments/swarm/command-services.js';
import { RunLogs } from './run-logs.js';
import { RUN_GRACE_SECONDS, runLabel } from './run-release.js';
import { type ClaimedRun, RunsRepository } from './runs.repository.js';

/** A service may stay this long after the end of its run. */
const SETTLED_MS = 30_000;
/** Shorter than the grace period of the container: the run ends within 5 s of its cancellation. */
const KILL_AFTER_MS = RUN_GRACE_SECONDS * 1000 - 500;

/** Removes the services of runs that have ended. */
@Injectable()
export class RunRemoval implements OnModuleInit {
  constructor(
    private readonly runs: RunsRepository,
    private readonly commands: CommandServices,
    private readonly logs: RunLogs,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    this.worker.register('run.sweep', (_payload, signal) => this.sweep(signal));
    this.worker.schedule('run.sweep', '* * * * *');
  }

  /** Stores the log and removes the service; a command that still runs gets SIGTERM first. */
  async remove({ id, outcome }: ClaimedRun, signal: AbortSignal): Promise<void> {
    const isEnded = outcome === 'SUCCEEDED' || outcome === 'FAILED';
    const options = { graceMs: isEnded ? 0 : KILL_AFTER_MS };
    await this.logs.retainWhile(id, () => this.commands.remove(runLabel(id), signal, options));
  }

  /** Removes services that a request created after its run was given up. */
  private async sweep(signal: AbortSignal): Promise<void> {
    const ids = await this.commands.labeled(LABELS.run);
    const before = new Date(Date.now() - SETTLED_MS);
    for (const id of await this.runs.endedBefore(ids, before)) await this.commands.remove(runLabel(id), signal);
  }
}
