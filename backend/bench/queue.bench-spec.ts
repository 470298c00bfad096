import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { EngineView } from '../test/scenario/engine-view.js';
import { Platform } from '../test/scenario/platform.js';
import type { DeploymentListDto } from '../src/modules/deployments/dto/deployment.dto.js';
import { quantile } from './quantile.js';
import { RawEngine, untilNoContainer } from './raw-engine.js';
import { print, Report } from './report.js';
import { cleanUp, deployAndTime, IDLE, STABILITY_WINDOW_MS } from './workload.js';

const COUNT = 50;
const POLL_MS = 100;
const READ_EVERY_MS = 50;
const PATIENCE_MS = 300_000;

const platform = new Platform({ STABILITY_WINDOW_MS: String(STABILITY_WINDOW_MS) });
const engine = new EngineView();
const report = new Report(`queue: ${COUNT} deployments at once, less the stability window once`);
let client: ApiClient;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
});
afterAll(() => cleanUp(platform, client));

it(`${COUNT} deployments at once must take little longer than ${COUNT} services of the raw Engine API`, async () => {
  const environment = await client.createEnvironment();
  const body = { environmentId: environment.id, ...IDLE };
  const { deploymentId } = await deployAndTime(client, engine, body);
  const raw = await RawEngine.copying(engine, deploymentId);
  const empty = async () => {
    const live = (await list(environment.id)).filter(({ status }) => status !== 'STOPPED');
    await Promise.all(live.map(({ id }) => client.ok('DELETE', `/deployments/${id}`)));
    await untilNoContainer(engine, `berth.environment=${environment.id}`);
  };
  await empty();

  const reads = new Reads('/environments');
  const measured = await timeToRunning(environment.id, body).finally(() => reads.end());
  const latencies = await reads.all();
  print(`${COUNT} by Berth: ${Math.round(measured)} ms and the stability window`);
  await empty();
  // What the machine itself leaves of a second: an idle Berth says that it lives, while the engine does the same work for somebody else.
  const idle = new Reads('/health/live');
  const baseline = await raw
    .timeToRunning(COUNT, POLL_MS)
    .finally(() => idle.end())
    .finally(() => raw.removeAll());
  const idleLatencies = await idle.all();
  await client.deleteEnvironment(environment.id);

  report.add({ what: 'first POST to last RUNNING', measured, baseline, limit: 1.3 * baseline, unit: 'ms' });
  const what = `GET /environments meanwhile, worst of ${latencies.length}`;
  report.add({ what, measured: Math.max(...latencies), baseline: Math.max(...idleLatencies), limit: 100, unit: 'ms' });
  const [p99, idleP99] = [latencies, idleLatencies].map((all) => Math.round(quantile(all, 0.99)));
  print(`reads meanwhile, p99: ${p99} ms; of an idle Berth beside the raw engine: ${idleP99} ms`);
  report.conclude();
});

async function timeToRunning(environmentId: string, body: object): Promise<number> {
  const begin = performance.now();
  const accepted = await Promise.all(Array.from({ length: COUNT }, () => client.deploy(body)));
  const ids = new Set(accepted.map(({ deploymentId }) => deploymentId));
  for (;;) {
    const ours = (await list(environmentId)).filter(({ id }) => ids.has(id));
    const failed = ours.find(({ status }) => status === 'FAILED');
    if (failed) throw new Error(`a deployment has FAILED: ${failed.errorMessage ?? ''}`);
    const ms = performance.now() - begin;
    if (ours.filter(({ status }) => status === 'RUNNING').length === COUNT) return ms - STABILITY_WINDOW_MS;
    if (ms > PATIENCE_MS) throw new Error('the deployments do not come up');
    await delay(POLL_MS);
  }
}

async function list(environmentId: string): Promise<{ id: string; status: string; errorMessage: string | null }[]> {
  return (await client.ok<DeploymentListDto>('GET', `/deployments/environment/${environmentId}?limit=100`)).deployments;
}

/** Asks again and again, whether or not the answer before has come: a stall must not hide the reads that it would have delayed. */
class Reads {
  private readonly pending: Promise<number>[] = [];
  private readonly timer = setInterval(() => this.pending.push(this.read()), READ_EVERY_MS);

  constructor(private readonly path: string) {}

  end(): void {
    clearInterval(this.timer);
  }

  all(): Promise<number[]> {
    return Promise.all(this.pending);
  }

  private async read(): Promise<number> {
    const begin = performance.now();
    const status = await client.request('GET', this.path).then(
      (answer) => answer.status,
      () => 0,
    );
    return status === 200 ? performance.now() - begin : Infinity; // no answer in any time
  }
}
