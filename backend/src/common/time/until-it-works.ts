import { setTimeout as delay } from 'node:timers/promises';

/** Tries until it does not throw, with `everyMs` between, or the signal aborts. Each failure is told. Never throws. */
export async function untilItWorks(
  work: () => Promise<void>,
  { everyMs, signal, failed }: { everyMs: number; signal: AbortSignal; failed: (error: unknown) => void },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
      return;
    } catch (error) {
      failed(error);
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
