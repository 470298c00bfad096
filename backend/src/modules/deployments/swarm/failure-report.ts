import { asSentence } from '#src/common/errors/as-sentence.js';
import { cutText } from '#src/common/cut-text.js';
import { effectiveTiming, startLimitSeconds } from '#src/modules/deployments/domain/health-config.js';
import { adviceFor } from '#src/modules/deployments/domain/known-last-words.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { formatLine, type LogLine } from '#src/integrations/docker/log-decoder.js';
import type { FailedAssessment } from './assess-tasks.js';
import { printedNothing, withLastLines } from './last-lines.js';

export type ReportedRelease = Pick<Release, 'healthCheck' | 'imageHealth' | 'ports' | 'volumes' | 'publicDomain'>;

const MAX_PROBE_OUTPUT = 500;

export interface Evidence {
  /** last output line of the health check */
  probeOutput: string;
  oomKilled: boolean;
  /** the last lines of the containers */
  lines: LogLine[];
  /** what the files of the ended container explain */
  advice?: string;
  release: ReportedRelease;
}

/** Builds the failure that the user reads: what happened, the output of the health check, log lines, and advice. */
export function failureReport(assessment: FailedAssessment, evidence: Evidence): StepFailure {
  const { code, reason, task } = assessment;
  const { probeOutput, oomKilled, lines, release } = evidence;
  const isNotListening = /^not listening on port/.test(probeOutput);
  const actual = isNotListening && code === 'HEALTHCHECK_TIMEOUT' ? 'PORT_NOT_LISTENING' : code;
  const sentence = oomKilled
    ? `${reason} It ran out of memory: raise resources.memoryMb.`
    : healthSentence(assessment, evidence);
  const said = [...lines.map(({ text }) => text), task?.error ?? ''];
  const volumePaths = release.volumes.map(({ path }) => path);
  const advice = evidence.advice ?? (oomKilled ? undefined : adviceFor(said, { from: 'container', volumePaths }));
  return new StepFailure(actual, withLogs(sentence, lines, advice));
}

function healthSentence({ code, reason, isSlowStart }: FailedAssessment, { probeOutput, release }: Evidence): string {
  if (code !== 'HEALTHCHECK_TIMEOUT' && code !== 'PORT_NOT_LISTENING') return reason;
  const said =
    probeOutput === ''
      ? reason
      : `${reason} ${asSentence(`The last check said: ${cutText(probeOutput, MAX_PROBE_OUTPUT)}`)}`;
  return isSlowStart ? `${said} ${healthAdvice(probeOutput, release)}` : said;
}

/** What to change so that the check passes, from what the probe said. */
function healthAdvice(probeOutput: string, release: ReportedRelease): string {
  const [, port = '', listening = ''] = /^not listening on port (\d+); listening: (.*)$/.exec(probeOutput) ?? [];
  const addresses = listening.split(', ').filter((address) => /:\d+$/.test(address));
  const loopback = addresses.filter((address) => /^(127\.[\d.]+|\[::1\]):/.test(address));
  if (loopback.some((address) => address.endsWith(`:${port}`)))
    return 'It listens on 127.0.0.1 only, which is unreachable from outside the container: let it listen on 0.0.0.0.';
  const [elsewhere] = addresses.filter((address) => !loopback.includes(address));
  if (elsewhere)
    return `It listens on another port: set ports[].container to ${elsewhere.split(':').at(-1) ?? ''}, or let it listen on ${port}.`;
  const status = / answered (\d{3})/.exec(probeOutput)?.[1];
  if (status === '400' || status === '403' || status === '421') return hostAdvice(release);
  if (status === undefined || status === '503') return slowStart(release);
  return 'Let healthCheck.path be a path that answers 200 to 399 without a login.';
}

/** Frameworks refuse a Host header that they do not know with 400, 403 or 421. */
function hostAdvice({ healthCheck, publicDomain }: ReportedRelease): string {
  const host = (healthCheck.kind === 'http' && healthCheck.host) || (publicDomain ?? 'localhost');
  return `The check sent Host: ${host}. If the application knows other names only, set healthCheck.host to one of them.`;
}

function slowStart(release: ReportedRelease): string {
  const { startPeriodSeconds } = effectiveTiming(release);
  return `It had ${startLimitSeconds(release)} s: if it needs longer to start, raise healthCheck.startPeriodSeconds (${startPeriodSeconds}).`;
}

function withLogs(sentence: string, lines: Evidence['lines'], advice: string | undefined): string {
  const shown = lines.filter(({ text }) => text.trim() !== '').map((line) => formatLine(line).trimEnd());
  return shown.length === 0
    ? printedNothing(sentence, advice)
    : withLastLines(sentence, shown, 'Last log lines', advice);
}
