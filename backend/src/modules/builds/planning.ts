import { Injectable } from '@nestjs/common';
import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import { runInThread, ThreadLimitError } from '#src/common/run-in-thread.js';
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
    const limits = { timeoutMs: TIMEOUT_MS, maxMemoryMb: MAX_MEMORY_MB, signal };
    try {
      return await runInThread<Result<T>>(new URL('./planning-worker.js', import.meta.url), { task, input }, limits);
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
