/** First half of the advisory lock that a living process holds; the second is its own `lockKey`. */
export const WORKER_LOCK_CLASS = 0x62657274;

/** This process among all that work on one database. */
export class WorkerIdentity {
  constructor(readonly lockKey: number) {}
}
