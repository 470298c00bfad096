import { Worker } from 'node:worker_threads';
import { Injectable } from '@nestjs/common';
import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import type { PlanningTasks } from './planning-tasks.js';

/** Some seconds are enough for 100,000 files on a busy machine. */
const TIMEOUT_MS = 20_000;
const MAX_MEMORY_MB = 192;

type Result<T> = { output: T } | { failure: { code: DeploymentErrorCode; message: string } };

/** Runs planning tasks in a thread with limits of time and memory, so that no repository can block the API. */
@Injectable()
export class Planning {
  /** Throws StepFailure, also when the task exceeds a limit, and the reason of the signal when that aborts. */
  async run<T extends keyof PlanningTasks>(
    task: T,
    input: PlanningTasks[T]['input'],
    signal: AbortSignal,
  ): Promise<PlanningTasks[T]['output']> {
    const result = await this.inThread<PlanningTasks[T]['output']>(task, input, signal);
    if ('output' in result) return result.output;
    throw new StepFailure(result.failure.code, result.failure.message);
  }

  private async inThread<T>(task: string, input: unknown, signal: AbortSignal): Promise<Result<T>> {
    signal.throwIfAborted();
    const worker = new Worker(new URL('./planning-worker.js', import.meta.url), {
      workerData: { task, input },
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
    });
    let timer: NodeJS.Timeout | undefined;
    let stop: (() => void) | undefined;
    try {
      return await new Promise<Result<T>>((resolve, reject) => {
        timer = setTimeout(() => reject(tooExpensive()), TIMEOUT_MS);
        stop = () => reject(signal.reason as Error);
        signal.addEventListener('abort', stop);
        worker.once('message', resolve);
        worker.once('error', (error: NodeJS.ErrnoException) =>
          reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooExpensive() : error),
        );
        worker.once('exit', () => reject(new Error('the planning thread ended without a result')));
      });
    } finally {
      clearTimeout(timer);
      if (stop) signal.removeEventListener('abort', stop);
      await worker.terminate();
    }
  }
}

function tooExpensive(): StepFailure {
  return new StepFailure(
    'DOCKERFILE_INVALID',
    `The plan of the build took more than ${TIMEOUT_MS / 1000} s or ${MAX_MEMORY_MB} MiB. Use fewer wildcards in .dockerignore, or fewer files.`,
  );
}
