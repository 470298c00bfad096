import { createSseClient } from '../../typescript/src/core/serverSentEvents.gen.js';
import * as sdk from '../../typescript/src/index.js';
import type { Run } from '../../typescript/src/index.js';
import { Api } from './api.js';
import { duration, pairs, read, whole } from './arguments.js';
import { environmentName, IN_ENVIRONMENT } from './environment.js';
import { EXIT, Failure } from './failure.js';
import { print } from './output.js';

export const RUN_USAGE =
  'NAME --env NAME [--set K=v]… [--timeout 10m] [--memory MB] [--detach] [--json] -- COMMAND [ARGUMENT]…';
const WAIT_SECONDS = 30;
/** For lines that are on their way when the run has ended. */
const LAST_LINES_MS = 3000;

interface LogLine {
  stream: 'stdout' | 'stderr';
  text: string;
}

/** Runs a command with the running release of a name, prints its output, and ends with its exit code. */
export async function run(args: string[]): Promise<void> {
  const options = {
    ...IN_ENVIRONMENT,
    set: { type: 'string', short: 's', multiple: true },
    timeout: { type: 'string' },
    memory: { type: 'string' },
    detach: { type: 'boolean', short: 'd' },
  } as const;
  const { values, positionals } = read(args, options, ['NAME', 'COMMAND after --'], Infinity);
  const [name = '', ...command] = positionals;
  const timeoutMs = duration(values.timeout, 'timeout');
  const memoryMb = whole(values.memory, 'memory');
  const envVars = pairs(values.set, 'set');
  const body = {
    command,
    ...(envVars && { envVars }),
    ...(timeoutMs !== undefined && { timeoutSeconds: timeoutMs / 1000 }),
    ...(memoryMb !== undefined && { resources: { memoryMb } }),
  };
  const api = new Api();
  const { id } = await api.environment(environmentName(values.env));
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  const { runId } = await api.of(sdk.createRunByName({ client: api.client, path: { id, name }, headers, body }));
  if (values.detach) return printStarted(api, runId, values.json);
  const ended = await followed(api, runId, values.json ?? false);
  if (values.json) print(true, ended, '');
  const exitCode = exitCodeOf(ended);
  if (exitCode !== 0) throw new Failure(exitCode, `${name}: ${sentenceOf(ended)}`);
}

/** 124 as timeout(1), 130 as after an interrupt, 1 for a run that ended without an exit code. */
export function exitCodeOf({ status, exitCode }: Pick<Run, 'status' | 'exitCode'>): number {
  if (status === 'SUCCEEDED') return 0;
  if (status === 'TIMED_OUT') return 124;
  if (status === 'CANCELLED') return 130;
  return exitCode || EXIT.failed;
}

async function printStarted(api: Api, runId: string, json: boolean | undefined): Promise<void> {
  const { run: started } = await api.of(sdk.getRun({ client: api.client, path: { id: runId } }));
  print(json, started, `Run ${runId} is ${started.status}.\n`);
}

/** Prints the output and waits for the end. The first interrupt cancels the run, the second ends this program. */
async function followed(api: Api, runId: string, isJson: boolean): Promise<Run> {
  const stop = new AbortController();
  const cancel = () => {
    process.stderr.write('Cancelling the run.\n');
    void sdk.cancelRun({ client: api.client, path: { id: runId } }).catch(() => undefined);
  };
  process.once('SIGINT', cancel);
  const printing = printLines(api, runId, { isJson, signal: stop.signal }).catch(() => undefined);
  try {
    const ended = await outcomeOf(api, runId);
    await Promise.race([printing, new Promise((resolve) => setTimeout(resolve, LAST_LINES_MS).unref())]);
    return ended;
  } finally {
    stop.abort();
    process.off('SIGINT', cancel);
  }
}

async function outcomeOf(api: Api, runId: string): Promise<Run> {
  let status: Run['status'] | undefined;
  for (;;) {
    const query = status ? { wait: WAIT_SECONDS, status } : {};
    const { run: seen } = await api.of(sdk.getRun({ client: api.client, path: { id: runId }, query }));
    if (seen.status !== 'PENDING' && seen.status !== 'RUNNING') return seen;
    ({ status } = seen);
  }
}

/** The generated client requests the log as JSON, so that the stream is opened here. A broken one resumes. */
async function printLines(
  { login }: Api,
  runId: string,
  { isJson, signal }: { isJson: boolean; signal: AbortSignal },
): Promise<void> {
  const { stream } = createSseClient({
    url: `${login.url}/runs/${encodeURIComponent(runId)}/logs?follow=true&tail=10000`,
    headers: { 'X-API-Key': login.key, Accept: 'text/event-stream' },
    signal,
    onSseEvent: ({ event, data }) => {
      if (event !== 'log') return; // a heartbeat
      const { stream: of, text } = data as LogLine;
      (isJson || of === 'stderr' ? process.stderr : process.stdout).write(`${text}\n`);
    },
  });
  for await (const _ of stream) if (signal.aborted) return;
}

/** Without the last lines, which are printed already. */
export function sentenceOf({ errorMessage, status }: Pick<Run, 'errorMessage' | 'status'>): string {
  const [sentence = '', lines] = (errorMessage ?? `The run is ${status}.`).split('\nLast lines:\n', 2);
  const advice = lines?.lastIndexOf('\nAdvice: ') ?? -1;
  return advice < 0 ? sentence : `${sentence}${lines?.slice(advice)}`;
}
