import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CancelListeners } from '#src/common/cancel-listeners.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { type ClaimedRun, RunsRepository } from './runs.repository.js';

/** Aborts the execution of a run when it is cancelled, whichever process handled the request. */
@Injectable()
export class RunCancelSignals implements OnModuleInit {
  private readonly executing = new CancelListeners();

  constructor(
    private readonly signals: PgNotifications,
    private readonly runs: RunsRepository,
  ) {}

  onModuleInit(): void {
    this.signals.on('run.cancel', ({ runId }) => this.executing.abort(runId));
    this.signals.on('reconnected', () => void this.recheck(this.executing.ids).catch(() => undefined));
  }

  watch({ id }: ClaimedRun): { signal: AbortSignal; end: () => void } {
    const listener = this.executing.listen(id);
    // A cancellation between the claim and this moment has no listener yet.
    void this.recheck([id]).catch(() => undefined);
    return listener;
  }

  private async recheck(ids: string[]): Promise<void> {
    for (const id of await this.runs.cancelRequested(ids)) this.executing.abort(id);
  }
}
