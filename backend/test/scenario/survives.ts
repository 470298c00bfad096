import { expect } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import { eventually } from '../testbed/eventually.js';
import type { ApiClient } from './api-client.js';
import { engineMatchesRows } from './engine-matches.js';
import { EngineView } from './engine-view.js';
import { type Moments, momentsOf } from './moments.js';

/** The steps that a deployment would have, as it says itself: a step that is new is here by itself. */
export async function stepsOf(client: ApiClient, path: string, body: object): Promise<string[]> {
  const { plan } = await client.ok<{ plan: { steps: string[] } }>('POST', path, { ...body, dryRun: true });
  return plan.steps;
}

/** Begins with an older release; kills in these moments; one final state, nothing doubled, nothing left. */
export async function survives(
  moments: Moments,
  client: ApiClient,
  environmentId: string,
  { steps, killIn = momentsOf(steps) }: { steps: string[]; killIn?: string[] },
  begin: () => Promise<{ jobId: string }>,
): Promise<Deployment> {
  const engine = new EngineView();
  const previous = (await client.deployments(environmentId)).filter(({ status }) => status === 'RUNNING');
  const { jobId } = await moments.killIn(killIn, begin);
  const deployment = await client.settled(jobId, 90_000);
  expect(deployment, deployment.errorMessage ?? '').toMatchObject({ status: 'RUNNING' });
  await eventually(async () => {
    for (const { id } of previous) {
      expect((await client.deployment(id)).status).toBe('STOPPED');
      expect(await engine.servicesOf(id)).toEqual([]);
    }
    expect(await engine.servicesOf(deployment.id)).toHaveLength(1);
    expect(await engine.containersOf(deployment.id)).toHaveLength(deployment.replicas);
    const { steps: done } = await client.job(jobId);
    expect(done.map(({ name }) => name)).toEqual(steps);
    expect(done.filter(({ endedAt }) => endedAt === null)).toEqual([]);
  }, 60_000);
  await engineMatchesRows(moments.platform, engine, environmentId);
  return deployment;
}
