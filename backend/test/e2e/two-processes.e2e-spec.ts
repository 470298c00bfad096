/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';
import { RedisServer } from '../testbed/redis-server.js';

const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');
const WEB = { image: 'busybox', tag: '1.36', command: sh(IDLE) };
const DEPLOYMENTS = 12;

const redis = new RedisServer();
const engine = new EngineView();
let one: Platform;
let other: Platform;
let client: ApiClient;
let elsewhere: ApiClient;

/** Two API processes on one database, with one Redis. */
beforeAll(async () => {
  await redis.start();
  one = await new Platform({ ENCRYPTION_KEY, REDIS_URL: redis.url }).start();
  other = await new Platform({ ENCRYPTION_KEY, REDIS_URL: redis.url, DATABASE_URL: one.databaseUrl }).start();
  client = await one.client();
  elsewhere = new ApiClient(other.baseUrl, client.apiKey);
});
afterAll(async () => {
  await other.terminate();
  other.forget();
  await one.stop();
  await redis.stop();
  redis.remove();
});

describe('two API processes', () => {
  it('must do every job once, also when one of them is killed in the middle', async () => {
    const { id: environmentId } = await client.createEnvironment();
    const posted: { jobId: string; deploymentId: string }[] = [];
    while (posted.length < DEPLOYMENTS)
      posted.push(...(await Promise.all([client, elsewhere].map((at) => at.deploy({ environmentId, ...WEB })))));
    await eventually(async () => {
      const statuses = (await client.deployments(environmentId)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 'RUNNING').length).toBeGreaterThan(1);
    }, 60_000);
    await other.kill9();
    for (const { jobId } of posted) expect((await client.settled(jobId, 90_000)).status).toBe('RUNNING');
    for (const { deploymentId } of posted) expect(await engine.servicesOf(deploymentId)).toHaveLength(1);
    expect(
      await engine.docker.listServices({ filters: { label: [`berth.environment=${environmentId}`] } }),
    ).toHaveLength(DEPLOYMENTS);
    await other.start();
    await client.deleteEnvironment(environmentId);
  });

  it('must tell each other of changes: who waits at one hears what the other does', async () => {
    const { id: environmentId } = await client.createEnvironment();
    const { jobId } = await client.deploy({ environmentId, ...WEB });
    const deployment = await elsewhere.settled(jobId);
    expect(deployment.status).toBe('RUNNING');
    await client.deleteEnvironment(environmentId);
  });

  it('must both refuse a key within a second of its revocation', async () => {
    const doomed = await one.client('2');
    const twin = new ApiClient(other.baseUrl, doomed.apiKey);
    const { key } = await doomed.ok<{ key: { keyId: string } }>('GET', '/auth/me');
    await twin.ok('GET', '/auth/me');
    await doomed.ok('POST', '/auth/revoke', { keyId: key.keyId });
    await eventually(async () => expect((await twin.request('GET', '/auth/me')).status).toBe(401), 1000);
  });

  it('must count one limit together, and each its own while Redis is away', async () => {
    await one.restart({ RATE_LIMIT_MAX: '10' });
    await other.restart({ RATE_LIMIT_MAX: '10' });
    const here = await one.client('3');
    const there = new ApiClient(other.baseUrl, here.apiKey);
    const statuses: number[] = [];
    for (let index = 0; index < 12; index++)
      statuses.push((await (index % 2 ? there : here).request('GET', '/auth/me')).status);
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429, 429]);

    const health = async () => {
      const answer = await fetch(`${one.baseUrl}/health`);
      const { details } = (await answer.json()) as { details: { redis: { status: string } } };
      return [answer.status, details.redis.status];
    };
    expect(await health()).toEqual([200, 'up']);
    await redis.stop();
    await eventually(async () => expect(await health()).toEqual([200, 'down']), 10_000);
    const begin = Date.now();
    expect((await here.request('GET', '/auth/me')).status).toBe(200);
    expect(Date.now() - begin).toBeLessThan(2000);
    await redis.start();
    await eventually(async () => expect(await health()).toEqual([200, 'up']), 10_000);
    await one.restart({ RATE_LIMIT_MAX: '1000000' });
    await other.restart({ RATE_LIMIT_MAX: '1000000' });
  });
});
