/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { SteadyLoad } from '../scenario/steady-load.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';

const site = new PublicPlatform();
const domain = uniqueDomain('trial');
let client: ApiClient;
let environmentId: string;
let good: { id: string; jobId: string };
let load: SteadyLoad;

const WEB = { name: 'web', ...WEB_APPLICATION, healthCheck: { path: '/', intervalSeconds: 1 } };
const [node = '', flag = '', program = ''] = WEB_APPLICATION.command;

beforeAll(async () => {
  client = await site.start({ STABILITY_WINDOW_MS: '2000', DRAIN_SECONDS: '10' });
  ({ id: environmentId } = await client.createEnvironment());
  good = await client.run({ environmentId, ...WEB });
  await site.publish(client, environmentId, { domain });
  await site.secured(client, environmentId);
  load = new SteadyLoad({ port: site.httpsPort, domain, perSecond: 50, ca: site.root });
}, WAIT_FOR_OTHERS_MS);
afterAll(async () => {
  await load.stop();
  await site.stop();
});

describe('a broken release over one that works', () => {
  it.each([
    ['that crashes at once', { command: [node, flag, 'process.exit(7)'] }, 'CONTAINER_CRASHED'],
    [
      'that is not healthy',
      { healthCheck: { tcpPort: 9, intervalSeconds: 1, retries: 1, startPeriodSeconds: 0 } },
      'PORT_NOT_LISTENING',
    ],
    [
      'that dies five seconds after its start',
      { command: [node, flag, `${program};setTimeout(() => process.exit(7), 5000)`] },
      'CONTAINER_CRASHED',
    ],
    ['of another platform', { image: 'wrong-arch', tag: '1' }, 'IMAGE_PLATFORM_MISMATCH'],
    ['of a registry that nobody reaches', { image: '127.0.0.1:5999/a/b', tag: '1' }, 'REGISTRY_UNREACHABLE'],
  ])('%s must be FAILED with the reason, and no visitor notice', async (_what, broken, errorCode) => {
    await load.endPhase();
    const { jobId } = await client.deploy({ environmentId, ...WEB, ...broken });
    await eventually(async () => {
      const { status } = await client.job(jobId);
      expect(status).toBe('FAILED');
    }, 120_000);
    expect(await client.job(jobId)).toMatchObject({ errorCode });
    const { requests, failed, errors } = await load.endPhase();
    expect({ failed, errors }).toEqual({ failed: 0, errors: {} });
    expect(requests).toBeGreaterThan(0);
    expect((await client.job(good.jobId)).status).toBe('RUNNING');
    expect(await site.engine.containersOf(good.id)).toHaveLength(1);
  });
});
