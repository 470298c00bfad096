import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../test/scenario/api-client.js';

/** What is deployed: it does nothing, ends on SIGTERM at once, and costs no CPU time while others are measured. */
export const IDLE = {
  image: 'busybox',
  tag: '1.36',
  command: ['sh', '-c', "trap 'exit 0' TERM; sleep 100000 & wait"],
  healthCheck: { disabled: true },
};

/** The default health check, by the probe. */
export const WEB = { image: 'nginx', tag: 'alpine', ports: [{ container: 80 }] };

/** Part of every deployment on purpose, and no part of what the baseline does. */
export const STABILITY_WINDOW_MS = 2000;

export interface Sample {
  deploymentId: string;
  postMs: number;
  runningMs: number;
}

/** From the request to the answer, and to RUNNING less the stability window. */
export async function deployAndTime(client: ApiClient, body: object): Promise<Sample> {
  const begin = performance.now();
  const { jobId, deploymentId } = await client.deploy(body);
  const postMs = performance.now() - begin;
  for (;;) {
    const { status, errorMessage } = await client.job(jobId);
    if (status === 'RUNNING')
      return { deploymentId, postMs, runningMs: performance.now() - begin - STABILITY_WINDOW_MS };
    if (status === 'FAILED' || status === 'STOPPED') throw new Error(`${status}: ${errorMessage ?? ''}`);
    await delay(20);
  }
}
