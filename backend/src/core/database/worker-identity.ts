/** First half of the advisory lock that a running process holds; the second half is its own `lockKey`. */
export const WORKER_LOCK_CLASS = 0x62657274;

/** Identifies this process among all worker processes of one database. */
export class WorkerIdentity {
  constructor(readonly lockKey: number) {}
}
