import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { type ClaimedRun, RunsRepository } from './runs.repository.js';

/** Aborts the execution of a run when it is cancelled, whichever process handled the request. */
@Injectable()
export class RunCancelSignals implements OnModuleInit {
  private readonly executing = new Map<string, AbortController>();

  constructor(
    private readonly signals: PgNotifications,
    private readonly runs: RunsRepository,
  ) {}

  onModuleInit(): void {
    this.signals.on('run.cancel', ({ runId }) => this.executing.get(runId)?.abort());
    this.signals.on('reconnected', () => void this.recheck().catch(() => undefined));
  }

  watch({ id }: ClaimedRun): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    this.executing.set(id, controller);
    // A cancellation between the claim and this moment has no listener yet.
    void this.recheck().catch(() => undefined);
    const end = () => {
      if (this.executing.get(id) === controller) this.executing.delete(id);
    };
    return { signal: controller.signal, end };
  }

  private async recheck(): Promise<void> {
    for (const id of await this.runs.cancelRequested([...this.executing.keys()])) this.executing.get(id)?.abort();
  }
}
