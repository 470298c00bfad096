import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentStatus } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EventStream } from '../scenario/event-stream.js';
import { ProxiedPlatform } from '../scenario/proxied-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const COUNT = 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.1; done & wait';
const ALL = ['PENDING', 'PULLING_IMAGE', 'CREATING_VOLUMES', 'STARTING_CONTAINERS', 'RUNNING'];

describe('answers that take their time', () => {
  const bed = new ProxiedPlatform();
  const { proxy, platform } = bed;
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    client = await bed.start();
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(() => bed.stop());

  const stream = (path: string, headers: Record<string, string> = {}, apiKey = client.apiKey) =>
    EventStream.open(platform.baseUrl + path, { 'X-API-Key': apiKey, ...headers });

  it('must answer a long-poll as soon as the status changes, and after its time when it does not', async () => {
    const { jobId } = await client.deploy({ environmentId, image: 'busybox', command: sh(IDLE) });
    const seen: string[] = [];
    let status: DeploymentStatus = 'PENDING';
    while (status !== 'RUNNING' && status !== 'FAILED') {
      const job = await client.job(jobId, { wait: 30, status });
      expect(job.status).not.toBe(status);
      seen.push((status = job.status));
    }
    expect(seen.at(-1)).toBe('RUNNING');
    const begin = Date.now();
    expect((await client.job(jobId, { wait: 1 })).status).toBe('RUNNING');
    expect(Date.now() - begin).toBeGreaterThanOrEqual(1000);
    for (const query of ['wait=0', 'wait=61', 'wait=x', 'wait=1&status=WHATEVER'])
      expect((await client.request('GET', `/deployments/job/${jobId}?${query}`)).status, query).toBe(400);
  });

  it('must stream statuses, progress and logs in order, and end with the one that decides it', async () => {
    const { jobId } = await client.deploy({ environmentId, image: 'busybox', command: sh(COUNT) });
    const events = await stream(`/deployments/job/${jobId}/events`);
    expect(events.response.headers.get('content-type')).toContain('text/event-stream');
    expect(await events.ended).toBe('end');
    expect(events.statuses).toEqual(ALL);
    expect(events.of('progress').length).toBeGreaterThan(0);
    expectCounting(events.lines);
    expect(events.received.at(-1)?.event).toBe('status');

    const late = await stream(`/deployments/job/${jobId}/events`);
    await late.ended;
    expect(late.statuses).toEqual(ALL);
    const again = await stream(`/deployments/job/${jobId}/events`, { 'Last-Event-ID': events.lastId });
    expect(again.response.status).toBe(204);
  });

  it('must go on after Last-Event-ID with nothing lost and nothing twice, wherever it was cut', async () => {
    const { jobId } = await client.deploy({ environmentId, image: 'busybox', command: sh(COUNT) });
    const ids: string[] = [];
    const statuses: unknown[] = [];
    const lines: unknown[] = [];
    for (let lastId = '', over = false; !over;) {
      const part = await stream(`/deployments/job/${jobId}/events`, lastId ? { 'Last-Event-ID': lastId } : {});
      if (part.response.status === 204) break;
      await Promise.race([part.ended, eventually(() => expect(part.received.length).toBeGreaterThan(2), 20_000)]);
      over = await Promise.race([part.ended.then(() => true), Promise.resolve(false)]);
      part.close();
      const received = [...part.received];
      ids.push(...received.map(({ id }) => id));
      statuses.push(...received.filter(({ event }) => event === 'status').map(({ data }) => data['status']));
      lines.push(...received.filter(({ event }) => event === 'log').map(({ data }) => data['text']));
      lastId = received.at(-1)?.id ?? lastId;
      over &&= statuses.at(-1) === 'RUNNING';
    }
    expect(statuses).toEqual(ALL);
    expect(new Set(ids).size).toBe(ids.length);
    expectCounting(lines);
  });

  it('must give the last words of a failure, and its verdict', { tags: 'long' }, async () => {
    const { jobId } = await client.deploy({
      environmentId,
      image: 'busybox',
      command: ['sh', '-c', 'echo bye; exit 3'],
    });
    const events = await stream(`/deployments/job/${jobId}/events`);
    await events.ended;
    expect(events.statuses.at(-1)).toBe('FAILED');
    expect(events.received.at(-1)?.data).toMatchObject({ errorCode: 'CONTAINER_CRASHED' });
    expect(events.lines).toContain('bye');
  });

  it('must follow logs as events and as plain text, from where the reader was, and end with the service', async () => {
    const deployment = await client.run({ environmentId, image: 'busybox', command: sh(COUNT) });
    const path = `/deployments/${deployment.id}/logs?follow=true`;
    const first = await stream(`${path}&tail=3`);
    await eventually(() => expect(first.lines.length).toBeGreaterThan(5), 20_000);
    first.close();
    const next = await stream(path, { 'Last-Event-ID': first.lastId });
    const plain = await fetch(`${platform.baseUrl}${path}&tail=1`, {
      headers: { 'X-API-Key': client.apiKey, Accept: 'text/plain' },
    });
    const text = plain.text();
    await eventually(() => expect(next.lines.length).toBeGreaterThan(5), 20_000);
    await client.ok('DELETE', `/deployments/${deployment.id}`);
    expect(await next.ended).toBe('end');
    expectCounting([...first.lines, ...next.lines], Number(/\d+/.exec(String(first.lines[0]))?.[0]));
    expect(plain.headers.get('content-type')).toContain('text/plain');
    expect(await text).toMatch(/^(\d{4}-\d\d-\d\dT[\d:.]+Z line \d+\n){3,}$/);
  });

  it(
    'must lose and double nothing while the engine and the database go away and come back',
    { tags: 'long' },
    async () => {
      const deployment = await client.run({ environmentId, image: 'busybox', command: sh(COUNT) });
      const following = await stream(`/deployments/${deployment.id}/logs?follow=true`);
      await eventually(() => expect(following.lines.length).toBeGreaterThan(3), 20_000);
      const { jobId } = await client.deploy({ environmentId, image: 'busybox', command: sh(COUNT) });
      const events = await stream(`/deployments/job/${jobId}/events`);
      await eventually(() => expect(events.statuses).toContain('STARTING_CONTAINERS'), 20_000);
      proxy.away = true;
      process.kill(platform.postmaster, 'SIGKILL');
      await eventually(async () => expect((await client.request('GET', '/health')).status).toBe(503), 10_000);
      proxy.away = false;
      const begin = following.lines.length;
      await eventually(() => expect(following.lines.length).toBeGreaterThan(begin + 20), 20_000);
      await events.ended;
      expect(events.statuses).toEqual(ALL);
      expectCounting(events.lines);
      expectCounting(following.lines);
      following.close();
    },
  );

  it('must end open answers when their key is revoked or expires', { tags: 'long' }, async () => {
    const deployment = await client.run({ environmentId, image: 'busybox', command: sh(COUNT) });
    const other = await platform.client();
    const { key } = await other.ok<{ key: { keyId: string } }>('GET', '/auth/me');
    const logs = await stream(`/deployments/${deployment.id}/logs?follow=true`, {}, other.apiKey);
    const poll = other.request('GET', `/deployments/job/${deployment.jobId}?wait=60`);
    await eventually(() => expect(logs.lines.length).toBeGreaterThan(1), 20_000);
    const begin = Date.now();
    await client.ok('POST', '/auth/revoke', { keyId: key.keyId });
    expect(await logs.ended).toBe('end');
    expect((await poll).status).toBe(401);
    expect(Date.now() - begin).toBeLessThan(1000);

    const shortLived = await platform.key('create', '--telegram-id', '1', '--scopes', 'ALL', '--expires-in', '15s');
    const expiring = await stream(`/deployments/${deployment.id}/logs?follow=true`, {}, shortLived);
    expect(expiring.response.status).toBe(200);
    expect(await expiring.ended).toBe('end');
  });

  it('must answer what waits when the API stops', { tags: 'long' }, async () => {
    const deployment = await client.run({ environmentId, image: 'busybox', command: sh(IDLE) });
    const poll = client.request('GET', `/deployments/job/${deployment.jobId}?wait=60`);
    const logs = await stream(`/deployments/${deployment.id}/logs?follow=true`);
    await platform.terminate();
    expect((await poll).status).toBe(200);
    expect(await logs.ended).toBe('end');
    await platform.start();
  });
});

/** `line 1`, `line 2`, … with none missing and none twice. */
function expectCounting(lines: unknown[], from = 1): void {
  expect(lines.length).toBeGreaterThan(0);
  expect(lines).toEqual(lines.map((_, index) => `line ${from + index}`));
}
