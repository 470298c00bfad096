import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { PgNotifications } from '#src/core/database/pg-notifications.js';

/** A subscription to the changes of one deployment or run. */
export interface Watch {
  /** Resolves at the next change, or at once when there was one since the last call; also when the signal aborts. */
  next(signal: AbortSignal): Promise<void>;
  end(): void;
}

/** Distributes the database's notifications to the long polls and event streams of this process. */
@Injectable()
export class DeploymentChanges implements OnModuleInit, OnModuleDestroy {
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly shutdown = new AbortController();

  constructor(private readonly signals: PgNotifications) {}

  /** Aborts when the process stops: pending long polls then respond with the current state. */
  get closing(): AbortSignal {
    return this.shutdown.signal;
  }

  onModuleInit(): void {
    this.signals.on('deployment.changed', ({ deploymentId }) => this.wake(deploymentId));
    this.signals.on('run.changed', ({ runId }) => this.wake(runId));
    this.signals.on('reconnected', () => {
      for (const id of this.watchers.keys()) this.wake(id);
    });
  }

  onModuleDestroy(): void {
    this.shutdown.abort();
  }

  /** `id` of a deployment or of a run: no two have the same. */
  watch(id: string): Watch {
    let changed = false;
    let notify: (() => void) | undefined;
    const wake = () => {
      changed = true;
      notify?.();
    };
    const watchers = this.watchers.get(id) ?? new Set();
    this.watchers.set(id, watchers.add(wake));
    return {
      next: async (signal) => {
        if (!changed && !signal.aborted)
          await new Promise<void>((resolve) => {
            notify = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        // An aborted caller has not seen the change: the next call must return at once.
        if (!signal.aborted) changed = false;
      },
      end: () => {
        watchers.delete(wake);
        if (watchers.size === 0) this.watchers.delete(id);
      },
    };
  }

  private wake(id: string): void {
    for (const wake of this.watchers.get(id) ?? []) wake();
  }
}
