import { asSentence } from '#src/common/errors/as-sentence.js';
import { cutText } from '#src/common/cut-text.js';
import type { FailedAssessment } from './assess-tasks.js';
import { withLastLines } from './last-lines.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

const MAX_PROBE_OUTPUT = 500;

export interface Evidence {
  /** last output line of the health check */
  probeOutput: string;
  oomKilled: boolean;
  /** the last lines of the containers */
  logs: string;
}

/** Builds the failure that the user reads: what happened, the output of the health check, and the last log lines. */
export function failureReport({ code, reason }: FailedAssessment, evidence: Evidence): StepFailure {
  const { probeOutput, oomKilled, logs } = evidence;
  const isNotListening = /^not listening on port/.test(probeOutput);
  const actual = isNotListening && code === 'HEALTHCHECK_TIMEOUT' ? 'PORT_NOT_LISTENING' : code;
  const sentence = oomKilled
    ? `${reason} It ran out of memory: raise resources.memoryMb.`
    : healthSentence(reason, probeOutput, code !== 'CONTAINER_CRASHED');
  return new StepFailure(actual, withLogs(sentence, logs));
}

function healthSentence(reason: string, probeOutput: string, isHealth: boolean): string {
  if (!isHealth || probeOutput === '') return reason;
  const [, port, listening] = /^not listening on port (\d+); listening: (.*)$/.exec(probeOutput) ?? [];
  const onlyLoopback = listening
    ?.split(', ')
    .some((address) => /^(127\.[\d.]+|\[::1\]):/.test(address) && address.endsWith(`:${port ?? ''}`));
  const advice = onlyLoopback
    ? ' It listens on 127.0.0.1 only, which is unreachable from outside the container: let it listen on 0.0.0.0.'
    : '';
  const said = asSentence(`The last check said: ${cutText(probeOutput, MAX_PROBE_OUTPUT)}`);
  return `${reason} ${said}${advice}`;
}

function withLogs(sentence: string, logs: string): string {
  if (logs.trim() === '') return `${sentence} It printed nothing.`;
  return withLastLines(sentence, logs.trimEnd().split('\n'), 'Last log lines');
}
