import { parentPort, workerData } from 'node:worker_threads';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { PLANNING_TASKS, type PlanningTasks } from './planning-tasks.js';

/** Entry of the thread: runs one task and posts its result. */
const { task, input } = workerData as { task: keyof PlanningTasks; input: never };
try {
  parentPort?.postMessage({ output: PLANNING_TASKS[task](input) });
} catch (error) {
  if (!(error instanceof StepFailure)) throw error;
  parentPort?.postMessage({ failure: { code: error.code, message: error.message } });
}
