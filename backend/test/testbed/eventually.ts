import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

/**
 * Repeats a check until it no longer throws, and gives back what it returned. When the time is up the last error is thrown as it
 * is, so that a failing test shows the state that was really seen and not merely that it waited. The pauses grow with the time
 * that has passed: tests that run at the same time share the machine.
 */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const begin = Date.now();
  const deadline = begin + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await delay(Math.min(Math.max(FIRST_PAUSE_MS, (Date.now() - begin) / 10), LONGEST_PAUSE_MS));
    }
  }
}
