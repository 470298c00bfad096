import { constants } from 'node:os';
import { asSentence } from '#src/common/errors/as-sentence.js';
import type { SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import { adviceFor } from '#src/modules/deployments/domain/known-last-words.js';
import { printedNothing, withLastLines } from './last-lines.js';

/** Shells and init processes add the number of the signal to it. */
const SIGNALED = 128;
const QUOTED_LINES = 20;

export interface CommandEvidence {
  /** last lines of its output */
  lines: string[];
  volumePaths: string[];
  /** the kernel ended a process of the container because it reached its memory limit */
  oomKilled?: boolean;
}

/** Whether the program of the task was started. */
export function isStarted({ state, exitCode }: Pick<SwarmTask, 'state' | 'exitCode'>): boolean {
  return state !== 'rejected' && exitCode !== undefined;
}

/** Builds the text of a command that did not succeed: how it ended, its last lines, and advice. */
export function commandFailure(
  what: string,
  task: Pick<SwarmTask, 'state' | 'exitCode' | 'error'>,
  { lines, volumePaths, oomKilled = false }: CommandEvidence,
): string {
  const { exitCode, error } = task;
  const sentence = isStarted(task)
    ? `The ${what} ended with exit code ${exitCode}${causeOf(exitCode ?? 0, oomKilled)}.`
    : asSentence(`The ${what} could not be started: ${error ?? 'no reason was given'}`);
  const quoted = lines.slice(-QUOTED_LINES);
  const advice = oomKilled
    ? 'Raise resources.memoryMb.'
    : adviceFor([...quoted, error ?? ''], { from: 'container', volumePaths });
  return quoted.length > 0 ? withLastLines(sentence, quoted, 'Last lines', advice) : printedNothing(sentence, advice);
}

function causeOf(exitCode: number, oomKilled: boolean): string {
  if (oomKilled) return ': out of memory';
  if (exitCode === SIGNALED + constants.signals.SIGKILL) return ' (SIGKILL): out of memory or killed';
  const [name] = Object.entries(constants.signals).find(([, number]) => SIGNALED + number === exitCode) ?? [];
  return name === undefined ? '' : ` (${name})`;
}
