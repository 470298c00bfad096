import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, it } from 'vitest';
import type { ApiClient } from '../test/scenario/api-client.js';
import { EngineView } from '../test/scenario/engine-view.js';
import { Platform } from '../test/scenario/platform.js';
import { type Phase, SteadyLoad } from '../test/scenario/steady-load.js';
import type { DeploymentListDto } from '#src/modules/deployments/dto/deployment.dto.js';
import { median } from './quantile.js';
import { RawEngine, untilNoContainer } from './raw-engine.js';
import { print, Report } from './report.js';
import { cleanUp, deployAndTime, IDLE, STABILITY_WINDOW_MS } from './workload.js';

const CASES = [
  { count: 10, readsP99Ms: 100 },
  { count: 50, readsP99Ms: 250 },
];
/** Times the raw Engine API. */
const SLOWER = 1.5;
const ROUNDS = 3;
const POLL_MS = 250;
const READS_PER_SECOND = 50;
const TIMEOUT_MS = 300_000;

const platform = new Platform({ STABILITY_WINDOW_MS: String(STABILITY_WINDOW_MS) });
const engine = new EngineView();
const report = new Report(`queue: deployments at once, less the stability window once; medians of ${ROUNDS}`);
let client: ApiClient;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
});
afterAll(() => cleanUp(platform, client));

it.each(CASES)('$count deployments at once must leave reads quick', async ({ count, readsP99Ms }) => {
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

  const ours: Round[] = [];
  const raws: Round[] = [];
  const sides = [
    async () => {
      ours.push(await whileReading('/environments', () => timeToRunning(environment.id, body, count)));
      await empty();
    },
    // What the machine itself leaves of a second: an idle Berth says that it lives, while the engine does the same work for somebody else.
    async () => {
      raws.push(await whileReading('/health/live', () => raw.timeToRunning(count, POLL_MS)));
      await raw.removeAll();
    },
  ];
  try {
    // Turn and turn about: what the one leaves behind meets both alike.
    for (let round = 0; round < ROUNDS; round++) {
      for (const measure of round % 2 ? sides.toReversed() : sides) await measure();
      print(`${round + 1}/${ROUNDS}: ${described(ours.at(-1))}, raw ${described(raws.at(-1))}`);
    }
  } finally {
    await raw.removeAll();
  }
  await client.deleteEnvironment(environment.id);

  report.add({
    what: `${count}: first POST to last RUNNING`,
    measured: usualMs(ours),
    baseline: usualMs(raws),
    limit: SLOWER * usualMs(raws),
    unit: 'ms',
  });
  report.add({ what: `${count}: failed reads`, measured: sumOf(ours, 'failed'), limit: 0, unit: '' });
  const what = `${count}: GET /environments meanwhile, p99`;
  report.add({ what, measured: readsMs(ours), baseline: readsMs(raws), limit: readsP99Ms, unit: 'ms' });
  if (count === CASES.at(-1)?.count) report.conclude();
});

interface Round {
  ms: number;
  reads: Phase;
}

const described = (round: Round | undefined) =>
  round && `${Math.round(round.ms)} ms, reads p99 ${Math.round(round.reads.p99Ms)} ms`;
const usualMs = (rounds: Round[]) => median(rounds.map(({ ms }) => ms));
const readsMs = (rounds: Round[]) => median(rounds.map(({ reads }) => reads.p99Ms));
const sumOf = (rounds: Round[], field: 'failed' | 'requests') =>
  rounds.reduce((sum, { reads }) => sum + reads[field], 0);

/** Somebody reads while that is done. */
async function whileReading(path: string, work: () => Promise<number>): Promise<Round> {
  const headers = { 'X-API-Key': client.apiKey };
  const load = new SteadyLoad({ port: platform.port, path, headers, perSecond: READS_PER_SECOND, fromElsewhere: true });
  try {
    await load.endPhase(); // it has begun
    const ms = await work();
    return { ms, reads: await load.endPhase() };
  } finally {
    await load.stop();
  }
}

async function timeToRunning(environmentId: string, body: object, count: number): Promise<number> {
  const begin = performance.now();
  const accepted = await Promise.all(Array.from({ length: count }, () => client.deploy(body)));
  const ids = new Set(accepted.map(({ deploymentId }) => deploymentId));
  for (;;) {
    const ours = (await list(environmentId)).filter(({ id }) => ids.has(id));
    const failed = ours.find(({ status }) => status === 'FAILED');
    if (failed) throw new Error(`a deployment has FAILED: ${failed.errorMessage ?? ''}`);
    const ms = performance.now() - begin;
    if (ours.filter(({ status }) => status === 'RUNNING').length === count) return ms - STABILITY_WINDOW_MS;
    if (ms > TIMEOUT_MS) throw new Error('the deployments do not come up');
    await delay(POLL_MS);
  }
}

async function list(environmentId: string): Promise<{ id: string; status: string; errorMessage: string | null }[]> {
  return (await client.ok<DeploymentListDto>('GET', `/deployments/environment/${environmentId}?limit=100`)).deployments;
}
