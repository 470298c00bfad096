import { type Transferable, Worker } from 'node:worker_threads';

export interface ThreadLimits {
  /** of each task */
  timeoutMs: number;
  maxMemoryMb: number;
  signal?: AbortSignal;
}

/** Posts a task to the thread and returns its answer. The thread takes the buffers of `transfer` over instead of copying them. */
export type RunTask = <T>(task: unknown, transfer?: Transferable[]) => Promise<T>;

/** A task that took more time or memory than its thread has. */
export class ThreadLimitError extends Error {}

/**
 * Runs `work` with a thread, which starts with its first task, answers each message with one, and ends with `work`. A
 * task throws ThreadLimitError, and the reason of the signal when that aborts.
 */
export async function withThread<T>(entry: URL, limits: ThreadLimits, work: (run: RunTask) => Promise<T>): Promise<T> {
  let worker: Worker | undefined;
  const run: RunTask = async (task, transfer = []) => {
    limits.signal?.throwIfAborted();
    worker ??= new Worker(entry, { env: {}, resourceLimits: { maxOldGenerationSizeMb: limits.maxMemoryMb } });
    worker.postMessage(task, transfer);
    return nextMessage(worker, limits);
  };
  try {
    return await work(run);
  } finally {
    await worker?.terminate();
  }
}

async function nextMessage<T>(worker: Worker, { timeoutMs, signal }: ThreadLimits): Promise<T> {
  const settled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(new ThreadLimitError()), timeoutMs);
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: settled.signal });
      worker.once('message', resolve);
      worker.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new ThreadLimitError() : error),
      );
      worker.once('exit', () => reject(new Error('the thread ended without a result')));
    });
  } finally {
    clearTimeout(timer);
    settled.abort();
  }
}
