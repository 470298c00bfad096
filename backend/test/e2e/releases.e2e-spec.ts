import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

interface Accepted {
  jobId: string;
  deploymentId: string;
}

const WEB = { name: 'web', image: 'busybox', tag: '1.36', command: sh(IDLE) };

const platform = new Platform();
const engine = new EngineView();
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  await platform.start();
  client = await platform.client('1');
  ({ id: environmentId } = await client.createEnvironment());
});
afterAll(() => platform.stop());

/** Asks for it and waits until the new release runs. */
async function done(id: string, what: string, body: object = {}): Promise<Deployment> {
  const { jobId } = await client.ok<Accepted>('POST', `/deployments/${id}/${what}`, body);
  const deployment = await client.settled(jobId);
  expect(deployment.status, deployment.errorMessage ?? '').toBe('RUNNING');
  return deployment;
}

const says = async ({ id }: Deployment) => (await engine.exec(id, 'sh', '-c', 'echo $SAYS')).output.trim();
const refusal = async (method: string, path: string, body?: object) => {
  const { status, body: problem } = await client.request(method, path, body);
  return [status, problem.code];
};

describe('a release made from another', () => {
  let first: Deployment;
  let second: Deployment;

  beforeAll(async () => {
    first = await client.run({ environmentId, ...WEB, envVars: { SAYS: 'one' } });
    second = await client.run({ environmentId, ...WEB, envVars: { SAYS: 'two' } });
  });

  it('must have the same specification and secrets after a redeploy, and take the place of the old one', async () => {
    const again = await done(second.id, 'redeploy');
    expect(again).toMatchObject({
      name: 'web',
      tag: '1.36',
      imageDigest: second.imageDigest,
      envVars: { SAYS: '***' },
    });
    expect(again.id).not.toBe(second.id);
    expect(await says(again)).toBe('two');
    await client.expectDeployment(second.id, 'STOPPED', 20_000);
    second = again;
  });

  it('must be what ran before after a rollback, and any given one', async () => {
    const back = await done(second.id, 'rollback', { deploymentId: first.id });
    expect(back.imageDigest).toBe(first.imageDigest);
    expect(back.steps.map(({ name }) => name)).not.toContain('ResolveImage');
    expect(await says(back)).toBe('one');
    const forth = await done(back.id, 'rollback');
    expect(await says(forth)).toBe('two');
    second = forth;
  });

  it('must be refused where there is nothing to go back to', async () => {
    expect(await refusal('POST', `/deployments/${first.id}/rollback`, {})).toEqual([409, 'ROLLBACK_NOT_POSSIBLE']);
    const other = await client.run({ environmentId, ...WEB, name: 'other' });
    expect(await refusal('POST', `/deployments/${second.id}/rollback`, { deploymentId: other.id })).toEqual([
      404,
      'DEPLOYMENT_NOT_FOUND',
    ]);
    expect(await refusal('POST', `/deployments/${second.id}/rollback`, { deploymentId: 7 })).toEqual([
      400,
      'VALIDATION_FAILED',
    ]);
    const stranger = await platform.client('2', 'DEPLOYMENTS_WRITE');
    for (const what of ['redeploy', 'rollback', 'stop', 'start'])
      expect((await stranger.request('POST', `/deployments/${second.id}/${what}`, {})).body.code).toBe(
        'DEPLOYMENT_NOT_FOUND',
      );
    expect((await stranger.request('PATCH', `/deployments/${second.id}`, { replicas: 2 })).body.code).toBe(
      'DEPLOYMENT_NOT_FOUND',
    );
  });

  it(
    'must be made once for one Idempotency-Key, and another one for another deployment',
    { tags: 'long' },
    async () => {
      const other = await client.run({ environmentId, ...WEB, name: 'twin' });
      const key = { 'Idempotency-Key': 'again' };
      const answers = await Promise.all(
        Array.from({ length: 5 }, () =>
          client.request<Accepted>('POST', `/deployments/${second.id}/redeploy`, {}, key),
        ),
      );
      const made = answers.filter(({ status }) => status === 201);
      expect(new Set(made.map(({ body }) => body.deploymentId)).size).toBe(1);
      const clash = await client.request('POST', `/deployments/${other.id}/redeploy`, {}, key);
      expect([clash.status, clash.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
      await client.settled(made[0]?.body.jobId ?? '');
    },
  );
});

describe('what runs', () => {
  it('must stop with its rows kept, and start again as it was', async () => {
    const deployment = await client.run({ environmentId, ...WEB, name: 'pausing', envVars: { SAYS: 'still' } });
    expect((await client.request('POST', `/deployments/${deployment.id}/stop`)).status).toBe(202);
    await client.expectDeployment(deployment.id, 'STOPPED', 20_000);
    expect(await engine.servicesOf(deployment.id)).toEqual([]);
    const again = await done(deployment.id, 'start');
    expect(await says(again)).toBe('still');
    expect(await refusal('POST', `/deployments/${deployment.id}/start`)).toEqual([409, 'DEPLOYMENT_STATUS_CONFLICT']);
    expect(await refusal('POST', `/deployments/${again.id}/start`)).toEqual([409, 'DEPLOYMENT_STATUS_CONFLICT']);
  });

  it('must be scaled in both directions, container by container', async () => {
    const { id } = await client.run({ environmentId, ...WEB, name: 'scaled' });
    const scaledTo = async (replicas: number) => {
      const { deployment } = await client.ok<{ deployment: Deployment }>('PATCH', `/deployments/${id}`, { replicas });
      expect(deployment.replicas).toBe(replicas);
      await eventually(async () => {
        expect(await engine.containersOf(id)).toHaveLength(replicas);
        const now = await client.deployment(id);
        expect(now.containers.map(({ status }) => status)).toEqual(Array(replicas).fill('RUNNING'));
      }, 30_000);
    };
    await scaledTo(3);
    await scaledTo(1);
    expect(await refusal('PATCH', `/deployments/${id}`, { replicas: 0 })).toEqual([400, 'VALIDATION_FAILED']);
    const published = await client.run({
      environmentId,
      ...WEB,
      name: 'published',
      command: sh('nc -ll -p 8080 -e cat & wait'),
      ports: [{ container: 8080, host: 18_431 }],
    });
    const refused = await client.request('PATCH', `/deployments/${published.id}`, { replicas: 2 });
    expect(refused.body.errors?.[0]?.path).toBe('replicas');
  });

  it('must come back when it is removed or scaled by hand', { tags: 'long' }, async () => {
    const removed = await client.run({ environmentId, ...WEB, name: 'removed', envVars: { SAYS: 'back' } });
    const scaled = await client.run({ environmentId, ...WEB, name: 'by-hand' });
    const [service] = await engine.servicesOf(removed.id);
    await engine.docker.getService(service?.ID ?? '').remove();
    const [other] = await engine.servicesOf(scaled.id);
    const handle = engine.docker.getService(other?.ID ?? '');
    const { Version, Spec } = (await handle.inspect()) as { Version: { Index: number }; Spec: object };
    await handle.update({ ...Spec, version: Version.Index, Mode: { Replicated: { Replicas: 3 } } });
    await eventually(async () => {
      expect(await engine.servicesOf(removed.id)).toHaveLength(1);
      expect(await says(removed)).toBe('back');
      expect(await engine.containersOf(scaled.id)).toHaveLength(1);
      expect(await client.deployment(removed.id)).toMatchObject({
        status: 'RUNNING',
        containers: [{ status: 'RUNNING' }],
      });
    }, 90_000);
  });
});

describe('releases that wait', () => {
  it('must give way to a newer one of the same name', { tags: 'long' }, async () => {
    const slow = {
      environmentId,
      ...WEB,
      name: 'queue',
      command: sh(`sleep 3; touch /tmp/ready; ${IDLE}`),
      healthCheck: { command: ['test', '-e', '/tmp/ready'] },
    };
    const first = await client.deploy(slow);
    await client.expectStatus(first.jobId, 'STARTING_CONTAINERS', 20_000);
    const second = await client.deploy(slow);
    const third = await client.deploy(slow);
    expect(await client.job(second.jobId)).toMatchObject({ status: 'FAILED', errorCode: 'SUPERSEDED' });
    expect((await client.settled(third.jobId)).status).toBe('RUNNING');
    await client.expectStatus(first.jobId, 'STOPPED', 20_000);
  });
});

it('all of it must be in the audit', async () => {
  const { events } = await client.ok<{ events: { action: string; target: string | null }[] }>(
    'GET',
    '/audit?limit=100',
  );
  const actions = new Set(events.map(({ action }) => action));
  for (const action of [
    'environment.created',
    'deployment.created',
    'deployment.redeployed',
    'deployment.rolledBack',
    'deployment.stopped',
    'deployment.started',
    'deployment.scaled',
  ])
    expect(actions).toContain(action);
});
