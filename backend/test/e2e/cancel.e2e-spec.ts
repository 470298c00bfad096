/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { ProxiedPlatform } from '../scenario/proxied-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const WITHIN_MS = 5000;
const OLD = { name: 'web', image: 'busybox', tag: '1.36', command: sh(IDLE) };
/** Its first process ignores SIGTERM, as everything does that is process 1 and does not ask for it. */
const STUBBORN = ['sleep', '86400'];

const engine = new EngineView();
const bed = new ProxiedPlatform();
let client: ApiClient;

beforeAll(async () => {
  client = await bed.start();
});
afterAll(() => bed.stop());

/** Where it hangs: in a call of the Engine, or by itself. */
const HANGING: [step: string, call: [string, RegExp] | undefined, body: object][] = [
  ['ResolveImage', ['GET', /\/distribution\//], {}],
  ['PullImage', ['POST', /\/images\/create/], { image: 'fetched-after', tag: '1' }],
  ['RunReleaseCommand', undefined, { releaseCommand: STUBBORN }],
  [
    'AwaitHealthy',
    undefined,
    { command: STUBBORN, volumes: [{ name: 'data', path: '/data' }], healthCheck: { command: ['false'] } },
  ],
];

describe('cancelling', () => {
  it.each(HANGING)('must end within five seconds and leave the engine clean: %s', async (step, call, body) => {
    const { id: environmentId } = await client.createEnvironment();
    const old = await client.run({ environmentId, ...OLD });
    if (step === 'PullImage') await engine.forgetImage('fetched-after');
    const held = call && bed.proxy.hold('before', ...call);
    onTestFinished(() => held?.release());
    const { jobId, deploymentId } = await client.deploy({ environmentId, ...OLD, ...body });
    await (held?.reached ??
      eventually(async () => {
        expect((await client.job(jobId)).steps.at(-1)?.name).toBe(step);
        expect(await containersIn(environmentId)).toBe(step === 'RunReleaseCommand' ? 2 : 1);
      }, 30_000));
    const begin = Date.now();
    expect((await client.request('POST', `/deployments/job/${jobId}/cancel`)).status).toBe(202);
    expect(await client.settled(jobId)).toMatchObject({ status: 'FAILED', errorCode: 'CANCELLED' });
    expect(Date.now() - begin).toBeLessThan(WITHIN_MS);
    expect(await engine.servicesOf(deploymentId)).toEqual([]);
    await engine.expectContainers(old.id, 1, 20_000);
    const left = (await engine.leftovers(environmentId)).filter((name) => !name.startsWith('container '));
    expect(left.filter((name) => name.startsWith('service '))).toHaveLength(1);
    expect(left.filter((name) => name.startsWith('volume '))).toEqual([]);
    expect((await client.job(old.jobId)).status).toBe('RUNNING');
    await client.deleteEnvironment(environmentId);
  });

  it('must end at once what still waits for another release', async () => {
    const { id: environmentId } = await client.createEnvironment();
    const slow = { environmentId, ...OLD, healthCheck: { command: ['false'] } };
    const first = await client.deploy(slow);
    const second = await client.deploy(slow);
    expect((await client.request('POST', `/deployments/job/${second.jobId}/cancel`)).status).toBe(202);
    expect(await client.job(second.jobId)).toMatchObject({ status: 'FAILED', errorCode: 'CANCELLED' });
    await client.request('POST', `/deployments/job/${first.jobId}/cancel`);
    await client.settled(first.jobId);
    await client.deleteEnvironment(environmentId);
  });
});

async function containersIn(environmentId: string): Promise<number> {
  const filters = { label: [`berth.environment=${environmentId}`] };
  return (await engine.docker.listContainers({ filters })).length;
}
