import { setTimeout as sleep } from 'node:timers/promises';
import * as sdk from '../../typescript/src/index.js';
import type { Deployment } from '../../typescript/src/index.js';
import type { Api } from './api.js';
import { hostPortUrls } from './address.js';
import { EXIT, Failure } from './failure.js';

const WAIT_SECONDS = 30;
/** How long the API may be unavailable meanwhile, such as during an upgrade: the deployment continues without it. */
const MAX_OUTAGE_MS = 90_000;
const RETRY_MS = 1000;
const IN_PROGRESS = ['PENDING', 'PULLING_IMAGE', 'CREATING_VOLUMES', 'STARTING_CONTAINERS'];

/**
 * Prints status, progress and logs to standard error, and returns the deployment with its outcome, or as it is after
 * `timeoutMs`. A broken stream resumes.
 */
export async function follow(api: Api, jobId: string, timeoutMs = Infinity): Promise<Deployment> {
  const deadline = Date.now() + timeoutMs;
  const stop = new AbortController();
  const printing = printEvents(api, jobId, stop.signal).catch(() => undefined);
  let status: Deployment['status'] | undefined;
  try {
    for (;;) {
      const remaining = Math.ceil((deadline - Date.now()) / 1000);
      const query = status ? { wait: Math.max(1, Math.min(WAIT_SECONDS, remaining)), status } : {};
      const deployment = await poll(api, jobId, query, Math.min(deadline, Date.now() + MAX_OUTAGE_MS));
      if (Date.now() >= deadline) return deployment;
      if (!IN_PROGRESS.includes(deployment.status)) {
        await Promise.race([printing, new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
        return deployment;
      }
      ({ status } = deployment);
    }
  } finally {
    stop.abort();
  }
}

async function poll(api: Api, jobId: string, query: { wait?: number }, until: number): Promise<Deployment> {
  for (;;)
    try {
      return (await api.of(sdk.getDeploymentByJob({ client: api.client, path: { jobId }, query }))).deployment;
    } catch (error) {
      const retries = error instanceof Failure && error.exitCode === EXIT.unreachable && Date.now() + RETRY_MS < until;
      if (!retries) throw error;
      await sleep(RETRY_MS);
    }
}

/** Returns the outcome as text with the deployment's URLs; throws a Failure for one that is not RUNNING. */
export function outcome(deployment: Deployment, url: string): string {
  const { name, status, errorCode, errorMessage, environment, ports } = deployment;
  if (status === 'RUNNING') {
    const answers = hostPortUrls({ ports }, url)
      .map((one) => `${one}\n`)
      .join('');
    return `${name} is RUNNING in ${environment.name}.\n${answers}`;
  }
  if (IN_PROGRESS.includes(status))
    throw new Failure(EXIT.timeout, `${name} is still ${status}. It continues: berth status shows the outcome.`);
  throw new Failure(EXIT.failed, `${name} is ${status}${errorCode ? ` (${errorCode})` : ''}: ${errorMessage ?? ''}`);
}

async function printEvents(api: Api, jobId: string, signal: AbortSignal): Promise<void> {
  const { stream } = await sdk.streamDeploymentEvents({
    client: api.client,
    path: { jobId },
    signal,
    onSseEvent: ({ event, data }) => {
      const line = lineOf(event ?? '', data as Record<string, unknown>);
      if (line) process.stderr.write(`${line}\n`);
    },
  });
  for await (const _ of stream) if (signal.aborted) return;
}

function lineOf(event: string, data: Record<string, unknown>): string {
  if (event === 'status') return `> ${String(data['status'])}`;
  if (event === 'progress') return `  ${String(data['step'])} ${String(data['message'])}`;
  return event === 'log' ? `| ${String(data['text'])}` : '';
}
