import { asSentence } from '#src/common/errors/as-sentence.js';
import type { RunErrorCode } from '#src/common/errors/error-registry.js';
import type { SwarmTask, TaskState } from '#src/integrations/docker/swarm-tasks.js';
import { type CommandEvidence, commandFailure, isStarted } from '#src/modules/deployments/swarm/command-failure.js';
import { withLastLines } from '#src/modules/deployments/swarm/last-lines.js';

/** How a run ends. */
export interface Verdict {
  outcome: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'CANCELLED';
  exitCode: number | null;
  errorCode: RunErrorCode | null;
  errorMessage: string | null;
}

interface TimeoutEvidence {
  lines?: string[];
  waitingFor?: string;
}

/** States of a task that Swarm or an operator ended, not the command itself. */
const ENDED_FROM_OUTSIDE: ReadonlySet<TaskState> = new Set(['shutdown', 'remove', 'orphaned']);

/** Decides the outcome from the ended task. */
export function verdictOf(task: Pick<SwarmTask, 'state' | 'exitCode' | 'error'>, evidence: CommandEvidence): Verdict {
  if (task.state === 'complete')
    return { outcome: 'SUCCEEDED', exitCode: task.exitCode ?? 0, errorCode: null, errorMessage: null };
  if (ENDED_FROM_OUTSIDE.has(task.state)) return lost('Its task was ended from outside, or its node was lost.');
  return {
    outcome: 'FAILED',
    exitCode: isStarted(task) ? (task.exitCode ?? null) : null,
    errorCode: isStarted(task) ? 'COMMAND_FAILED' : 'NOT_STARTED',
    errorMessage: commandFailure('command', task, evidence),
  };
}

export function notStarted(errorMessage: string): Verdict {
  return { outcome: 'FAILED', exitCode: null, errorCode: 'NOT_STARTED', errorMessage };
}

/** The command may have begun, and its outcome is unknown: it is not begun again. */
export function lost(reason: string): Verdict {
  const errorMessage = `${reason} The command may have begun, and is not begun again.`;
  return { outcome: 'FAILED', exitCode: null, errorCode: 'RUN_LOST', errorMessage };
}

/** `waitingFor`: why its container was not even created. */
export function timedOut(timeoutSeconds: number, { lines = [], waitingFor }: TimeoutEvidence): Verdict {
  const sentence =
    waitingFor === undefined
      ? `The command did not end within ${timeoutSeconds} s.`
      : asSentence(`The command could not be started within ${timeoutSeconds} s: ${waitingFor}`);
  const errorMessage = lines.length > 0 ? withLastLines(sentence, lines, 'Last lines') : sentence;
  return { outcome: 'TIMED_OUT', exitCode: null, errorCode: 'TIMED_OUT', errorMessage };
}

export function cancelled(hasBegun: boolean): Verdict {
  const errorMessage = `The run was cancelled${hasBegun ? '' : ' before it began'}.`;
  return { outcome: 'CANCELLED', exitCode: null, errorCode: 'CANCELLED', errorMessage };
}
