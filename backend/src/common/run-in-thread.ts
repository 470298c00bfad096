import type { Transferable } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';

export interface ThreadLimits {
  timeoutMs: number;
  maxMemoryMb: number;
  signal?: AbortSignal;
  /** buffers of the data that the thread takes over instead of copying them */
  transfer?: Transferable[];
}

/** A task that took more time or memory than its thread has. */
export class ThreadLimitError extends Error {}

/**
 * Starts a thread for one task and returns the message that it posts. The thread reads `data` as `workerData`. Throws
 * ThreadLimitError, and the reason of the signal when that aborts.
 */
export async function runInThread<T>(
  entry: URL,
  data: unknown,
  { timeoutMs, maxMemoryMb, signal, transfer }: ThreadLimits,
): Promise<T> {
  signal?.throwIfAborted();
  const worker = new Worker(entry, {
    workerData: data,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb },
    ...(transfer && { transferList: transfer }),
  });
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(new ThreadLimitError()), timeoutMs);
      stop = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', stop);
      worker.once('message', resolve);
      worker.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new ThreadLimitError() : error),
      );
      worker.once('exit', () => reject(new Error('the thread ended without a result')));
    });
  } finally {
    clearTimeout(timer);
    if (stop) signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
