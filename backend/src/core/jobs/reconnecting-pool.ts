import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const POLL_INTERVAL_MS = 200;

/**
 * Waits for an unavailable database instead of failing. The queue's worker reports the end of a job once and without
 * error handling: a failure there would end the process.
 */
export class ReconnectingPool extends pg.Pool {
  private waitsForDatabase = true;

  /** Call it before a shutdown: from now on an unavailable database is an error. */
  failFast(): void {
    this.waitsForDatabase = false;
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
        if (this.ending || !this.waitsForDatabase) throw error;
        await delay(POLL_INTERVAL_MS);
      }
    }
  }
}
