import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 50;

/**
 * Repeats a check until it no longer throws, and gives back what it returned. When the time is up the last error is thrown as it
 * is, so that a failing test shows the state that was really seen and not merely that it waited.
 */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await delay(PAUSE_MS);
    }
  }
}
