import { setTimeout as delay } from 'node:timers/promises';

export interface PollOptions {
  withinMs: number;
  everyMs: number;
  signal: AbortSignal;
  /** Start of the error message after a timeout. */
  what: string;
}

/** Polls the check every `everyMs` until it is true. Throws after `withinMs`, or when the signal aborts. */
export async function pollUntil(
  check: () => Promise<boolean>,
  { withinMs, everyMs, signal, what }: PollOptions,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`${what} after ${Math.round(withinMs / 1000)} s`);
    await delay(everyMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
