import * as sdk from '../../typescript/src/index.js';
import type { Deployment } from '../../typescript/src/index.js';
import type { Api } from './api.js';
import { EXIT, Failure } from './failure.js';

const WAIT_SECONDS = 30;

/**
 * Prints status, progress and logs to standard error, and returns the deployment with its outcome. A broken stream
 * resumes.
 */
export async function follow(api: Api, jobId: string): Promise<Deployment> {
  const stop = new AbortController();
  const printing = printEvents(api, jobId, stop.signal).catch(() => undefined);
  let status: Deployment['status'] | undefined;
  try {
    for (;;) {
      const query = status ? { wait: WAIT_SECONDS, status } : {};
      const { deployment } = await api.of(sdk.getDeploymentByJob({ client: api.client, path: { jobId }, query }));
      if (!['PENDING', 'PULLING_IMAGE', 'CREATING_VOLUMES', 'STARTING_CONTAINERS'].includes(deployment.status)) {
        await Promise.race([printing, new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
        return deployment;
      }
      ({ status } = deployment);
    }
  } finally {
    stop.abort();
  }
}

/** Returns the outcome as text with the deployment's URLs; throws a Failure for one that has FAILED. */
export function outcome(deployment: Deployment, url: string): string {
  const { name, status, errorCode, errorMessage, environment, ports } = deployment;
  if (status === 'RUNNING') {
    const { hostname } = new URL(url);
    const open = ports.filter(({ host, protocol }) => host !== undefined && protocol !== 'udp');
    const answers = open.map(({ host }) => `http://${hostname}:${host ?? ''}\n`).join('');
    return `${name} is RUNNING in ${environment.name}.\n${answers}`;
  }
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
