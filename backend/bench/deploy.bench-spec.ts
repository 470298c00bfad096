import { afterAll, beforeAll, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { EngineView } from '../test/scenario/engine-view.js';
import { Platform } from '../test/scenario/platform.js';
import { median, quantile } from './quantile.js';
import { RawEngine, untilNoContainer } from './raw-engine.js';
import { print, Report } from './report.js';
import { cleanUp, deployAndTime, IDLE, STABILITY_WINDOW_MS, WEB } from './workload.js';

const ROUNDS = 20;
const EXTRA_POSTS = 120;

const platform = new Platform({ STABILITY_WINDOW_MS: String(STABILITY_WINDOW_MS) });
const engine = new EngineView();
const report = new Report(`deploy: POST to RUNNING, less the stability window, median of ${ROUNDS}`);
const posts: number[] = [];
let client: ApiClient;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
});
afterAll(() => cleanUp(platform, client));

it('a deployment must take little longer than the same service of the raw Engine API', async () => {
  await compare('busybox, no health check', IDLE);
  await compare('nginx, probe on port 80', WEB);
  await postMany();
  report.add({ what: `POST, p99 of ${posts.length}`, measured: quantile(posts, 0.99), limit: 80, unit: 'ms' });
  report.conclude();
});

/** Turn and turn about, and each alone on the machine: what else happens there meets both alike. */
async function compare(what: string, workload: object): Promise<void> {
  const environment = await client.createEnvironment();
  const body = { environmentId: environment.id, ...workload };
  const first = await deployAndTime(client, engine, body);
  const raw = await RawEngine.copying(engine, first.deploymentId);
  await remove(environment.id, first.deploymentId);
  const times = { berth: [] as number[], raw: [] as number[] };
  const rounds = [
    async () => {
      const sample = await deployAndTime(client, engine, body);
      posts.push(sample.postMs);
      times.berth.push(sample.runningMs);
      await remove(environment.id, sample.deploymentId);
    },
    async () => {
      times.raw.push(await raw.timeToRunning(1, 20));
      await raw.removeAll();
    },
  ];
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const measure of round % 2 ? rounds : rounds.toReversed()) await measure();
      const [berth, baseline] = [times.berth.at(-1) ?? NaN, times.raw.at(-1) ?? NaN];
      print(`${what} ${round}/${ROUNDS}: ${Math.round(berth)} ms, raw ${Math.round(baseline)} ms`);
    }
  } finally {
    await raw.removeAll();
  }
  await client.deleteEnvironment(environment.id);
  const [measured, baseline] = [median(times.berth), median(times.raw)];
  report.add({ what, measured, baseline, limit: 1.25 * baseline + 100, unit: 'ms' });
}

/** Each is deleted at once and awaited: only the answer counts, and not what a heap of half-started containers does to it. */
async function postMany(): Promise<void> {
  const environment = await client.createEnvironment();
  for (let index = 0; index < EXTRA_POSTS; index += 1) {
    const begin = performance.now();
    const { jobId, deploymentId } = await client.deploy({ environmentId: environment.id, ...IDLE });
    posts.push(performance.now() - begin);
    await client.ok('DELETE', `/deployments/${deploymentId}`);
    await client.settled(jobId);
  }
  await client.deleteEnvironment(environment.id);
}

async function remove(environmentId: string, deploymentId: string): Promise<void> {
  await client.ok('DELETE', `/deployments/${deploymentId}`);
  await untilNoContainer(engine, `berth.environment=${environmentId}`);
}
