import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const POLL_INTERVAL_MS = 200;

/**
 * Waits for a database that is away instead of failing: the queue's worker says once, and unwatched, that a job has ended, and would take the
 * process with it when nobody can hear that.
 */
export class ReconnectingPool extends pg.Pool {
  private patient = true;

  /** Before a shutdown: from now on a database that is away is an error. */
  failFast(): void {
    this.patient = false;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Parameters<pg.Pool['connect']>[0]): void;
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | void {
    if (!callback) return this.connected();
    super.connect(callback);
  }

  private async connected(): Promise<pg.PoolClient> {
    for (;;) {
      try {
        return await super.connect();
      } catch (error) {
        if (this.ending || !this.patient) throw error;
        await delay(POLL_INTERVAL_MS);
      }
    }
  }
}
