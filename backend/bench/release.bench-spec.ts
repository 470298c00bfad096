import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { PublicPlatform } from '../test/scenario/public-platform.js';
import { SteadyLoad } from '../test/scenario/steady-load.js';
import { uniqueDomain, WEB_APPLICATION } from '../test/scenario/web-application.js';
import { median } from './quantile.js';
import { print, Report } from './report.js';

const RELEASES = 20;
const ROUNDS = 7;
const PER_SECOND = 100;
const IDLE_MS = 20_000;
const WEB = { name: 'web', ...WEB_APPLICATION, replicas: 2, healthCheck: { path: '/' }, drainSeconds: 2 };

const site = new PublicPlatform();
const domain = uniqueDomain('release');
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  client = await site.start({ STABILITY_WINDOW_MS: '2000' });
  ({ id: environmentId } = await client.createEnvironment());
  await client.run({ environmentId, ...WEB });
  await site.publish(client, environmentId, { domain });
  await site.secured(client, environmentId);
});
afterAll(() => site.stop(), 900_000);

describe('releases', () => {
  it('visitors must notice nothing of them', async () => {
    const report = new Report(
      `release: ${RELEASES} of them under ${PER_SECOND} requests/s, each by a TLS connection of its own`,
    );
    const load = new SteadyLoad({
      port: site.httpsPort,
      domain,
      perSecond: PER_SECOND,
      ca: site.root,
      fromElsewhere: true,
    });
    await delay(3000);
    await load.endPhase(); // warm
    await delay(IDLE_MS);
    const idle = await load.endPhase();
    for (let release = 1; release <= RELEASES; release++)
      await client.run({ environmentId, ...WEB, envVars: { SAYS: `v${release}` } });
    await delay(5000); // the last one drains
    const busy = await load.endPhase();
    await load.stop();
    print(`  idle: ${JSON.stringify(idle)}\n  meanwhile: ${JSON.stringify(busy)}`);
    report.add({ what: 'failed requests', measured: idle.failed + busy.failed, limit: 0, unit: '' });
    report.add({ what: 'p99', measured: busy.p99Ms, baseline: idle.p99Ms, limit: 2 * idle.p99Ms, unit: 'ms' });
    report.conclude();
  });

  it('the way back must take little longer than a fresh deployment of that image', async () => {
    const report = new Report(
      'release: POST to RUNNING of a rollback, against a deployment of a name of its own; medians',
    );
    const times = { fresh: [] as number[], back: [] as number[] };
    const body = { environmentId, ...WEB, replicas: 1 };
    const timed = async (post: () => Promise<{ jobId: string; deploymentId: string }>) => {
      const begin = performance.now();
      const { jobId, deploymentId } = await post();
      await client.settled(jobId);
      return { ms: performance.now() - begin, deploymentId };
    };
    let { id } = await client.run({ ...body, name: 'back', drainSeconds: 0 });
    for (let round = 0; round < ROUNDS; round++) {
      const fresh = await timed(() => client.deploy({ ...body, name: `fresh${round}` }));
      times.fresh.push(fresh.ms);
      await client.ok('DELETE', `/deployments/${fresh.deploymentId}`);
      const back = await timed(() => client.ok('POST', `/deployments/${id}/rollback`, { deploymentId: id }));
      times.back.push(back.ms);
      id = back.deploymentId;
      await delay(4000); // the one before goes
    }
    const baseline = median(times.fresh);
    report.add({ what: 'rollback', measured: median(times.back), baseline, limit: 1.3 * baseline, unit: 'ms' });
    report.conclude();
  });
});
