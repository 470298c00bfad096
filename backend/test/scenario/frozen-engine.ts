import { expect } from 'vitest';
import { eventually } from '../testbed/eventually.js';
import type { ApiClient } from './api-client.js';
import type { Platform } from './platform.js';
import { IDLE, sh } from './stand-in.js';

/** A frozen engine answers nothing: every call of the API ends by its own timeout of 4.5 s. */
const NOTICED_MS = 15_000;
const READ_MS = 2000;

/** `/health` names the engine, and readiness is 503. */
export async function expectEngineFrozen(platform: Platform): Promise<void> {
  await eventually(async () => {
    const answer = await fetch(`${platform.baseUrl}/health`);
    const { details } = (await answer.json()) as { details: Record<string, { status: string; message?: string }> };
    expect(details['docker']).toEqual({ status: 'down', message: 'the Docker Engine does not answer' });
    expect(details['database']?.status).toBe('up');
    expect(answer.status).toBe(503);
  }, NOTICED_MS);
  expect((await fetch(`${platform.baseUrl}/health/live`)).status).toBe(200);
}

/** What is away is away when this begins: the API answers, a deployment waits, and runs when it is `back`. */
export async function expectGoesOn(
  platform: Platform,
  client: ApiClient,
  environmentId: string,
  isAway: () => Promise<void>,
  back: () => void,
): Promise<void> {
  const { jobId, deploymentId } = await client.deploy({
    environmentId,
    image: 'busybox',
    tag: '1.36',
    command: sh(IDLE),
  });
  await isAway();
  for (const path of ['/environments', `/deployments/${deploymentId}`, `/deployments/environment/${environmentId}`]) {
    const began = performance.now();
    expect((await client.request('GET', path)).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(READ_MS);
  }
  expect((await client.job(jobId)).status).not.toMatch(/RUNNING|FAILED/);
  back();
  await client.expectStatus(jobId, 'RUNNING', 60_000);
  await eventually(async () => expect((await fetch(`${platform.baseUrl}/health/ready`)).status).toBe(200), 20_000);
}
