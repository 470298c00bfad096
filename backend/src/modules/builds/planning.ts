import { Injectable } from '@nestjs/common';
import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import { ThreadLimitError, withThread } from '#src/common/with-thread.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import type { PlanningTasks, RunPlanning } from './planning-tasks.js';

/** Some seconds are enough for 100,000 files on a busy machine. */
const TIMEOUT_MS = 20_000;
const MAX_MEMORY_MB = 192;

type Result<T> = { output: T } | { failure: { code: DeploymentErrorCode; message: string } };

/** Runs planning tasks in a thread with limits of time and memory, so that no repository can block the API. */
@Injectable()
export class Planning {
  /**
   * Runs `work` with a thread of its own. Its tasks throw StepFailure, also when they exceed a limit, and the reason of
   * the signal when that aborts.
   */
  async inThread<T>(signal: AbortSignal, work: (run: RunPlanning) => Promise<T>): Promise<T> {
    const limits = { timeoutMs: TIMEOUT_MS, maxMemoryMb: MAX_MEMORY_MB, signal };
    try {
      return await withThread(new URL('./planning-worker.js', import.meta.url), limits, (run) =>
        work(async <K extends keyof PlanningTasks>(task: K, input: PlanningTasks[K]['input']) => {
          const result = await run<Result<PlanningTasks[K]['output']>>({ task, input });
          if ('output' in result) return result.output;
          throw new StepFailure(result.failure.code, result.failure.message);
        }),
      );
    } catch (error) {
      throw error instanceof ThreadLimitError ? tooExpensive() : error;
    }
  }
}

function tooExpensive(): StepFailure {
  return new StepFailure(
    'DOCKERFILE_INVALID',
    `The plan of the build took more than ${TIMEOUT_MS / 1000} s or ${MAX_MEMORY_MB} MiB. Use fewer wildcards in .dockerignore, or fewer files.`,
  );
}
