import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  withinMs: number;
  everyMs: number;
  signal: AbortSignal;
  /** sentence for the error when it does not come true */
  what: string;
}

/** Waits until the check is true, looking every `everyMs`. Throws after `withinMs`, or when the signal aborts. */
export async function pollUntil(
  check: () => Promise<boolean>,
  { withinMs, everyMs, signal, what }: EventuallyOptions,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what} after ${Math.round(withinMs / 1000)} s`);
    await delay(everyMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
