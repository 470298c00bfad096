import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EventStream } from '../scenario/event-stream.js';
import { HOSTILE_BODIES, HOSTILE_PATHS, HOSTILE_QUERIES, pathOf } from '../scenario/hostile-requests.js';
import { committedDocument, operationsOf } from '../scenario/openapi.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { Random } from '../scenario/random.js';
import { type RawAnswer, type RawRequest, sendRaw } from '../scenario/raw-request.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { SteadyLoad } from '../scenario/steady-load.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';

const DURATION_MS = Number(process.env['BERTH_HOSTILE_SECONDS'] ?? 120) * 1000;
const HOSTILE_PER_SECOND = 20;
const MAX_POLL_P99_MS = 250;
const WEB = { name: 'web', ...WEB_APPLICATION, healthCheck: { path: '/' } };
const WORKER = { name: 'worker', image: 'busybox', tag: '1.36', command: sh(IDLE) };
/** The streams of the hostile user are opened by themselves, below. */
const operations = operationsOf(committedDocument()).filter(({ id }) => id !== 'streamDeploymentEvents');

const site = new PublicPlatform();
const domain = uniqueDomain('neighbor');
const chance = new Random(20);
let client: ApiClient;
let hostile: ApiClient;
let environmentId: string;

beforeAll(async () => {
  client = await site.start();
  hostile = await site.platform.client('666');
  ({ id: environmentId } = await client.createEnvironment());
  await client.run({ environmentId, ...WEB });
  await site.publish(client, environmentId, { domain });
  await site.secured(client, environmentId);
}, WAIT_FOR_OTHERS_MS);
afterAll(() => site.stop());

describe(`a user who sends ${HOSTILE_PER_SECOND} hostile requests a second`, () => {
  it('must cost another user no deployment, poll, stream, cancellation or visitor', async () => {
    const { id } = await hostile.createEnvironment();
    const visitors = new SteadyLoad({ port: site.httpsPort, domain, perSecond: 10, ca: site.root });
    const polls = new SteadyLoad({
      port: site.platform.port,
      path: `/deployments/environment/${environmentId}`,
      headers: { 'X-API-Key': client.apiKey },
      perSecond: 4,
    });
    const attack = attackUntil(Date.now() + DURATION_MS, id);
    const work = workUntil(Date.now() + DURATION_MS);
    const [answers, releases] = await Promise.all([attack, work]);
    const [visited, polled] = [await visitors.endPhase(), await polls.endPhase()];
    await Promise.all([visitors.stop(), polls.stop()]);
    process.stdout.write(
      `hostile answers: ${JSON.stringify(answers)}, releases: ${releases}; visitors: ${JSON.stringify(visited)}; polls: ${JSON.stringify(polled)}\n`,
    );
    expect(Object.keys(answers).filter((status) => status.startsWith('5'))).toEqual([]);
    expect(visited).toMatchObject({ failed: 0, errors: {} });
    expect(polled).toMatchObject({ failed: 0, errors: {} });
    expect(polled.p99Ms).toBeLessThan(MAX_POLL_P99_MS);
    expect(releases).toBeGreaterThan(0);
  });
});

/** What another user does all the while: releases with their events, and cancellations. Returns the number of releases. */
async function workUntil(end: number): Promise<number> {
  let releases = 0;
  for (; Date.now() < end; releases++) {
    const { jobId } = await client.deploy({ environmentId, ...WORKER, envVars: { RELEASE: String(releases) } });
    const stream = await EventStream.open(`${client.baseUrl}/deployments/job/${jobId}/events`, {
      'X-API-Key': client.apiKey,
    });
    expect(await stream.ended).toBe('end');
    expect(stream.statuses.at(-1)).toBe('RUNNING');
    const cancelled = await client.deploy({ environmentId, ...WORKER, command: sh('sleep 1; exit 1') });
    await client.ok('POST', `/deployments/job/${cancelled.jobId}/cancel`);
    expect((await client.settled(cancelled.jobId, 20_000)).errorCode).toBe('CANCELLED');
  }
  return releases;
}

/** Sends requests at a fixed pace, however long each takes. Returns how many answers had which status. */
async function attackUntil(end: number, hostileEnvironmentId: string): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  const pending = new Set<Promise<void>>();
  const take = ({ status }: Pick<RawAnswer, 'status'>) => void (answers[status] = (answers[status] ?? 0) + 1);
  while (Date.now() < end) {
    const call = sendRaw(site.platform.port, hostileRequest(hostileEnvironmentId)).then(take, () => undefined);
    pending.add(call);
    void call.then(() => pending.delete(call));
    await delay(1000 / HOSTILE_PER_SECOND);
  }
  await Promise.all(pending);
  return answers;
}

function hostileRequest(hostileEnvironmentId: string): RawRequest {
  const keys = [hostile.apiKey, hostile.apiKey, `rw_prod_${'x'.repeat(8)}_${'y'.repeat(16)}`, undefined];
  const apiKey = chance.pick(keys);
  const key = apiKey === undefined ? {} : { apiKey };
  const operation = chance.pick(operations);
  const { method } = operation;
  switch (chance.below(4)) {
    case 0:
      return { method, path: pathOf(operation, chance.pick(HOSTILE_PATHS)), ...key };
    case 1:
      return { method, path: `${pathOf(operation)}?${chance.pick(Object.values(HOSTILE_QUERIES))}`, ...key };
    case 2:
      return { method: 'POST', path: '/deployments', body: crashing(hostileEnvironmentId), ...key };
    default:
      return { method, path: pathOf(operation), body: chance.pick(Object.values(HOSTILE_BODIES)), ...key };
  }
}

/** Deployments are valid requests that cost the most. */
function crashing(hostileEnvironmentId: string): string {
  const name = `n${chance.below(50)}`;
  return JSON.stringify({ environmentId: hostileEnvironmentId, ...WORKER, name, command: sh('exit 1') });
}
