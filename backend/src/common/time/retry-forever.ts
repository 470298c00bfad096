import pRetry from 'p-retry';

/** Retries at a fixed interval until `work` succeeds or the signal aborts, and reports each failure. Never throws. */
export async function retryForever(
  work: () => Promise<void>,
  { everyMs, signal, onError }: { everyMs: number; signal: AbortSignal; onError: (error: unknown) => void },
): Promise<void> {
  // p-retry does not retry a TypeError, which is a bug and not an outage; onError has reported it.
  await pRetry(work, {
    retries: Infinity,
    minTimeout: everyMs,
    factor: 1,
    signal,
    onFailedAttempt: ({ error }) => onError(error),
  }).catch(() => undefined);
}
