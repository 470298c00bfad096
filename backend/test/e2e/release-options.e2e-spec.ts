/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const WEB = { name: 'web', image: 'busybox', tag: '1.36', command: sh(IDLE) };

const platform = new Platform({ MAX_RELEASES_AT_ONCE_PER_USER: '2', DRAIN_SECONDS: '3' });
const engine = new EngineView();
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  await platform.start();
  client = await platform.client('1');
  ({ id: environmentId } = await client.createEnvironment());
});
afterAll(() => platform.stop());

const statusOf = async (id: string) => (await client.deployment(id)).status;

describe('drainSeconds', () => {
  it('must keep the old release for so long once the new one is RUNNING, and no longer', async () => {
    const old = await client.run({ environmentId, ...WEB });
    await client.run({ environmentId, ...WEB });
    const running = Date.now();
    expect(await statusOf(old.id)).toBe('RUNNING');
    expect(await engine.containersOf(old.id)).toHaveLength(1);
    await client.expectDeployment(old.id, 'STOPPED', 20_000);
    expect(Date.now() - running).toBeGreaterThan(2500);
    const at = Date.now();
    const third = await client.run({ environmentId, ...WEB, drainSeconds: 0 });
    expect(third.drainSeconds).toBe(0);
    await eventually(async () => expect(await engine.servicesOf(third.id)).toHaveLength(1), 5000);
    await eventually(async () => expect(await client.deployments(environmentId)).toHaveLength(3), 5000);
    const [, second] = await client.deployments(environmentId);
    await client.expectDeployment(second?.id ?? '', 'STOPPED', 10_000);
    expect(Date.now() - at).toBeLessThan(15_000);
  });

  it('must let the new one fail, and the old one stay, when the new one dies meanwhile', async () => {
    const dying = { ...WEB, name: 'dying' };
    const old = await client.run({ environmentId, ...dying });
    const { jobId, deploymentId } = await client.deploy({ environmentId, ...dying, command: sh('sleep 2; exit 4') });
    await client.expectStatus(jobId, 'FAILED', 30_000);
    const failed = await client.job(jobId);
    expect(failed.errorCode).toBe('CONTAINER_CRASHED');
    expect(failed.errorMessage).toContain('ended with exit code 4');
    expect(failed.errorMessage).toContain('the previous release keeps serving');
    expect(await engine.servicesOf(deploymentId)).toEqual([]);
    expect(await statusOf(old.id)).toBe('RUNNING');
    expect(await engine.containersOf(old.id)).toHaveLength(1);
  });

  it('must be between 0 and 3600', async () => {
    const { status, body } = await client.request('POST', '/deployments', { environmentId, ...WEB, drainSeconds: -1 });
    expect([status, body.errors?.[0]?.path]).toEqual([400, 'drainSeconds']);
  });
});

describe('releaseCommand', () => {
  const name = 'migrated';
  const WITH_DATA = { ...WEB, name, volumes: [{ name: 'data', path: '/data' }], envVars: { STAGE: 'one' } };

  it('must run once before the release starts, with its variables and volumes, and show what it printed', async () => {
    const releaseCommand = ['sh', '-c', 'echo "migrating $STAGE"; date +%s%N >> /data/migrated'];
    const deployment = await client.run({ environmentId, ...WITH_DATA, releaseCommand });
    expect(deployment.releaseCommand).toEqual(releaseCommand);
    expect(deployment.steps.map((step) => step.name)).toContain('RunReleaseCommand');
    expect((await engine.exec(deployment.id, 'cat', '/data/migrated')).output.trim().split('\n')).toHaveLength(1);
    expect(await client.buildLogs(deployment.id)).toContain('migrating one');
    const services = await engine.docker.listServices({
      filters: { label: [`berth.release-command=${deployment.id}`] },
    });
    expect(services).toEqual([]);
  });

  it('must end the release when it fails, with its last lines, and leave the old one serving', async () => {
    const [running] = await client.deployments(environmentId);
    const { jobId } = await client.deploy({
      environmentId,
      ...WITH_DATA,
      releaseCommand: ['sh', '-c', 'echo no such table; exit 9'],
    });
    const failed = await client.settled(jobId);
    expect(failed).toMatchObject({ status: 'FAILED', errorCode: 'RELEASE_COMMAND_FAILED' });
    expect(failed.errorMessage).toContain('ended with exit code 9');
    expect(failed.errorMessage).toContain('no such table');
    expect(await statusOf(running?.id ?? '')).toBe('RUNNING');
    await engine.expectContainers(running?.id ?? '', 1, 20_000);
  });

  it('must not run again on the way back', async () => {
    const list = (await client.deployments(environmentId)).filter((one) => one.name === name);
    const target = list.find(({ status }) => status === 'RUNNING');
    const { jobId } = await client.ok<{ jobId: string }>('POST', `/deployments/${target?.id ?? ''}/rollback`, {
      deploymentId: target?.id,
    });
    const back = await client.settled(jobId);
    expect(back.status, back.errorMessage ?? '').toBe('RUNNING');
    expect((await engine.exec(back.id, 'cat', '/data/migrated')).output.trim().split('\n')).toHaveLength(1);
  });
});

describe('a share of the workers', () => {
  const SLOW = { ...WEB, name: undefined, healthCheck: { command: ['test', '-e', '/tmp/ready'], intervalSeconds: 1 } };
  const working = async (of: ApiClient, id: string) =>
    (await of.deployments(id)).filter(({ status }) => !['PENDING', 'RUNNING', 'FAILED', 'STOPPED'].includes(status));

  it('must be all that one user takes, and let another begin at once; who waits sees his place', async () => {
    const other = await platform.client('2');
    const { id } = await client.createEnvironment();
    const { id: others } = await other.createEnvironment();
    const posted = await Promise.all(Array.from({ length: 5 }, () => client.deploy({ environmentId: id, ...SLOW })));
    await eventually(async () => expect(await working(client, id)).toHaveLength(2), 20_000);
    const waiting = (await client.deployments(id)).filter(({ status }) => status === 'PENDING');
    expect(waiting.map(({ queuePosition }) => queuePosition).sort()).toEqual([1, 2, 3]);
    expect((await client.job(waiting[0]?.jobId ?? '')).queuePosition).toBeGreaterThan(0);
    const quick = await other.deploy({ environmentId: others, ...WEB });
    expect((await other.settled(quick.jobId)).status).toBe('RUNNING');
    expect(await working(client, id)).toHaveLength(2);
    for (const { jobId } of posted) await client.request('POST', `/deployments/job/${jobId}/cancel`);
    await eventually(async () => {
      const statuses = (await client.deployments(id)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set(['FAILED']));
    }, 20_000);
  });
});

describe('a deployment that no job goes on with', () => {
  it('must get one', async () => {
    const { id } = await client.createEnvironment();
    const slow = {
      ...WEB,
      command: sh(`sleep 4; touch /tmp/ready; ${IDLE}`),
      healthCheck: { command: ['test', '-e', '/tmp/ready'] },
    };
    const { jobId } = await client.deploy({ environmentId: id, ...slow });
    await client.expectStatus(jobId, 'STARTING_CONTAINERS', 20_000);
    await platform.kill9();
    await platform.sql(
      `SELECT graphile_worker.force_unlock_workers(ARRAY(SELECT locked_by FROM graphile_worker.jobs WHERE locked_by IS NOT NULL))`,
    );
    await platform.sql(`SELECT graphile_worker.remove_job(key) FROM graphile_worker.jobs WHERE key LIKE 'run/%'`);
    await platform.start();
    expect((await client.settled(jobId, 75_000)).status).toBe('RUNNING');
  });
});

describe('a life', () => {
  interface Ends {
    expiresAt: string | null;
    status: string;
  }
  /** As if so much time had passed: the ends, and when they are looked at, come nearer. */
  async function pass(seconds: number): Promise<void> {
    for (const table of ['Deployment', 'Environment'])
      await platform.sql(`UPDATE "${table}" SET "expiresAt" = "expiresAt" - $1 * interval '1 second'`, [seconds]);
    await platform.sql(
      `SELECT graphile_worker.reschedule_jobs(ARRAY[id], run_at := run_at - $1 * interval '1 second') FROM graphile_worker.jobs WHERE task_identifier LIKE '%.expire'`,
      [seconds],
    );
  }
  const announced = async (action: string, target: string) => {
    const { events } = await (
      await platform.client('9', 'ADMIN')
    ).ok<{ events: { target: string; via: string }[] }>('GET', `/audit?action=${action}`);
    return events.filter((event) => event.target === target).map(({ via }) => via);
  };

  it('must end a deployment, be announced before, and be put off', async () => {
    const { id } = await client.createEnvironment();
    const deployment = await client.run({ environmentId: id, ...WEB, ttlSeconds: 1000 });
    const left = new Date(deployment.expiresAt ?? 0).getTime() - Date.now();
    expect(left).toBeGreaterThan(900_000);
    expect(left).toBeLessThanOrEqual(1_000_000);
    await pass(920);
    await eventually(
      async () => expect(await announced('deployment.expiring', deployment.id)).toEqual(['PLATFORM']),
      10_000,
    );
    expect(await statusOf(deployment.id)).toBe('RUNNING');
    const { deployment: longer } = await client.ok<{ deployment: Ends }>('PATCH', `/deployments/${deployment.id}`, {
      ttlSeconds: 1000,
    });
    expect(new Date(longer.expiresAt ?? 0).getTime() - Date.now()).toBeGreaterThan(900_000);
    await pass(990);
    await eventually(async () => expect(await announced('deployment.expiring', deployment.id)).toHaveLength(2), 10_000);
    expect(await statusOf(deployment.id)).toBe('RUNNING');
    await pass(1000);
    await client.expectDeployment(deployment.id, 'STOPPED', 20_000);
    expect(await announced('deployment.expired', deployment.id)).toEqual(['PLATFORM']);
    expect(await engine.servicesOf(deployment.id)).toEqual([]);
  });

  it('must end an environment with everything in it, unless it was taken back', async () => {
    const make = async () =>
      (
        await client.ok<{ environment: Ends & { id: string } }>('POST', '/environments', {
          name: `life-${Math.random().toString(36).slice(2, 8)}`,
          ttlSeconds: 600,
        })
      ).environment;
    const [ending, kept] = [await make(), await make()];
    await client.run({ environmentId: ending.id, ...WEB, volumes: [{ name: 'data', path: '/data' }] });
    const { environment } = await client.ok<{ environment: Ends }>('PATCH', `/environments/${kept.id}`, {
      ttlSeconds: null,
    });
    expect(environment.expiresAt).toBeNull();
    await pass(600);
    await client.expectEnvironment(ending.id, 'DELETED', 30_000);
    expect(await engine.leftovers(ending.id)).toEqual([]);
    expect((await client.environment(kept.id)).status).toBe('ACTIVE');
    const { status, body } = await client.request('POST', '/environments', { name: 'short', ttlSeconds: 5 });
    expect([status, body.errors?.[0]?.path]).toEqual([400, 'ttlSeconds']);
    expect((await client.request('PATCH', `/environments/${kept.id}`, {})).status).toBe(400);
  });
});
