/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const WEB = { name: 'web', image: 'busybox', tag: '1.36', command: sh(IDLE) };
const DATA = [{ name: 'data', path: '/data' }];
const FAREWELL = ['sh', '-c', 'trap "sleep 1; echo clean shutdown; exit 0" TERM; echo started; sleep 86400 & wait'];

const platform = new Platform({ MAX_RELEASES_AT_ONCE_PER_USER: '1' });
const engine = new EngineView();
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  await platform.start();
  client = await platform.client('1');
  ({ id: environmentId } = await client.createEnvironment());
});
afterAll(() => platform.stop());

const statusOf = async (id: string) =>
  (await client.ok<{ deployment: Deployment }>('GET', `/deployments/${id}`)).deployment.status;
const isStopped = (id: string, withinMs = 25_000) =>
  eventually(async () => expect(await statusOf(id)).toBe('STOPPED'), withinMs);
/** Releases one after the other, each of which drains the one before for an hour. */
const drains = (body: object = {}) => client.run({ environmentId, ...WEB, drainSeconds: 3600, ...body });

describe('a release that drains for an hour', () => {
  it('must hold neither a worker nor its name: a hotfix runs at once, and two releases serve at most', async () => {
    const first = await drains();
    const second = await drains();
    await client.run({ environmentId, ...WEB, name: 'other' });
    const third = await drains();
    await isStopped(first.id);
    expect(await statusOf(second.id)).toBe('RUNNING');
    expect(await engine.containersOf(second.id)).toHaveLength(1);
    await client.ok('POST', `/deployments/${third.id}/stop`);
    await isStopped(second.id);
    await isStopped(third.id);
    const { steps } = await client.job(second.jobId);
    expect(steps.filter(({ endedAt }) => endedAt === null)).toEqual([]);
  });

  it('must resume the old one, and keep the volumes, when the new one of a stop-first release dies', async () => {
    const body = { name: 'stored', volumes: DATA };
    const first = await drains({ name: 'stored' });
    const second = await drains({ ...body, command: sh('sleep 4; exit 4') });
    await eventually(async () => expect(await statusOf(second.id)).toBe('FAILED'), 30_000);
    expect((await client.job(second.jobId)).errorCode).toBe('CONTAINER_CRASHED');
    expect(await statusOf(first.id)).toBe('RUNNING');
    await eventually(async () => expect(await engine.containersOf(first.id)).toHaveLength(1), 20_000);
    const third = await drains(body);
    const fourth = await drains(body);
    expect(await engine.containersOf(third.id)).toHaveLength(0);
    await isStopped(first.id);
    await client.ok('DELETE', `/deployments/${fourth.id}`);
    await isStopped(third.id);
  });

  it('must end its drain after a crash that lost the queue', async () => {
    const first = await client.run({ environmentId, ...WEB, name: 'lost' });
    await client.run({ environmentId, ...WEB, name: 'lost', drainSeconds: 8 });
    await platform.kill9();
    await platform.sql('DELETE FROM graphile_worker._private_jobs');
    await platform.start();
    await isStopped(first.id, 60_000);
    expect(await engine.servicesOf(first.id)).toEqual([]);
  });
});

it.each([
  ['beside the new one', {}],
  ['before the new one starts', { volumes: DATA }],
])('what a release prints while it stops must be in its logs: %s', async (_how, more) => {
  const body = { environmentId, ...WEB, name: 'polite', drainSeconds: 0, ...more };
  const first = await client.run({ ...body, command: FAREWELL });
  await client.run(body);
  await isStopped(first.id);
  const lines = (await client.logs(first.id)).trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual(['started', 'clean shutdown']);
});
