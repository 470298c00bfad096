import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { engineMatchesRows } from '../scenario/engine-matches.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { Random } from '../scenario/random.js';
import { SteadyLoad } from '../scenario/steady-load.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';
import { engineUnderTest } from '../testbed/testbed.js';

const RELEASES = Number(process.env['BERTH_SOAK_RELEASES'] ?? 20);
const WEB = { name: 'web', ...WEB_APPLICATION, replicas: 2, healthCheck: { path: '/' } };
const RUNNING_AGAIN_MS = 60_000;

const site = new PublicPlatform();
const domain = uniqueDomain('soak');
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  client = await site.start({ STABILITY_WINDOW_MS: '1000' });
  ({ id: environmentId } = await client.createEnvironment());
  await client.run({ environmentId, ...WEB });
  await site.publish(client, environmentId, { domain });
  await site.secured(client, environmentId);
}, WAIT_FOR_OTHERS_MS);
afterAll(() => site.stop());

const tell = (line: string) => process.stdout.write(`${line}\n`);

/** Every release has ended, one of them serves, and the engine has what the rows say. */
async function settled(): Promise<void> {
  await eventually(async () => {
    const statuses = (await client.deployments(environmentId)).map(({ status }) => status);
    expect(statuses.filter((status) => !['RUNNING', 'FAILED', 'STOPPED'].includes(status))).toEqual([]);
    expect(statuses.filter((status) => status === 'RUNNING')).toHaveLength(1);
  }, 90_000);
  await engineMatchesRows(site.platform, site.engine, environmentId);
}

describe('releases', () => {
  it(`must each end, with no visitor noticing, while the API is killed ${RELEASES} times at random moments`, async () => {
    const load = new SteadyLoad({ port: site.httpsPort, domain, perSecond: 100, ca: site.root });
    const chance = new Random(Date.now());
    for (let release = 1; release <= RELEASES; release++) {
      const { jobId } = await client.deploy({ environmentId, ...WEB, envVars: { SAYS: `v${release}` } });
      const diesAfterMs = chance.below(5000);
      await delay(diesAfterMs);
      await site.platform.kill9();
      await site.platform.start();
      const { status, errorMessage } = await client.settled(jobId, 90_000);
      expect(status, `killed after ${diesAfterMs} ms: ${errorMessage ?? ''}`).toMatch(/RUNNING|STOPPED/);
    }
    await settled();
    const { requests, failed, errors } = await load.endPhase();
    await load.stop();
    tell(`${RELEASES} releases, ${RELEASES} kills: ${requests} requests, ${failed} failed ${JSON.stringify(errors)}`);
    expect({ failed, errors }).toEqual({ failed: 0, errors: {} });
    const { orphans } = await (
      await site.platform.client('9', 'ADMIN')
    ).ok<{ orphans: object[] }>('GET', '/admin/orphans');
    expect(orphans.filter((orphan) => (orphan as { environmentId: string }).environmentId === environmentId)).toEqual(
      [],
    );
  }, 900_000);

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    'must end as promised when PostgreSQL ends by %s meanwhile',
    async (signal) => {
      const { jobId } = await client.deploy({ environmentId, ...WEB });
      await client.expectStatus(jobId, 'STARTING_CONTAINERS', 30_000);
      process.kill(site.platform.postmaster, signal);
      await answersInTime();
      expect((await client.settled(jobId, 90_000)).status).toBe('RUNNING');
      await settled();
      expect((await site.https(domain)).status).toBe(200);
    },
  );

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'must end as promised when the Engine ends by %s meanwhile',
    async (signal) => {
      const { jobId } = await client.deploy({ environmentId, ...WEB });
      await client.expectStatus(jobId, 'STARTING_CONTAINERS', 30_000);
      const restarted = engineUnderTest().restart(signal);
      await answersInTime();
      await restarted;
      const { status, errorCode, errorMessage } = await client.settled(jobId, 90_000);
      tell(`${signal} of the Engine: ${status} ${errorCode ?? ''} ${errorMessage ?? ''}`);
      expect(status).toMatch(/RUNNING|FAILED/);
      await settled();
      await eventually(async () => expect((await site.https(domain)).status).toBe(200), RUNNING_AGAIN_MS);
    },
  );
});

/** Whatever is away: an answer, or 503 with Retry-After, within five seconds; and by itself an answer again. */
async function answersInTime(): Promise<void> {
  await eventually(async () => {
    for (const [method, path, body] of [
      ['GET', `/deployments/environment/${environmentId}`, undefined],
      ['POST', '/environments', { name: `away-${Math.random().toString(36).slice(2, 8)}` }],
    ] as const) {
      const begin = Date.now();
      const { status, headers } = await client.request(method, path, body);
      expect(Date.now() - begin, path).toBeLessThan(5000);
      if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect([200, 201], `${method} ${path}`).toContain(status);
    }
  }, RUNNING_AGAIN_MS);
}
