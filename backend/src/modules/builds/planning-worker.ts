import { parentPort } from 'node:worker_threads';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { PLANNING_TASKS, type PlanningTasks } from './planning-tasks.js';

interface Task {
  task: keyof PlanningTasks;
  input: never;
}

/** Entry of the thread: runs tasks and posts their results. */
parentPort?.on('message', ({ task, input }: Task) => {
  try {
    parentPort?.postMessage({ output: PLANNING_TASKS[task](input) });
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    parentPort?.postMessage({ failure: { code: error.code, message: error.message } });
  }
});
