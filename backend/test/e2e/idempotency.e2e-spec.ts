import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { ProxiedPlatform } from '../scenario/proxied-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

describe('a request that comes twice', () => {
  const bed = new ProxiedPlatform();
  const { proxy, platform } = bed;
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    client = await bed.start();
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(() => bed.stop());

  const post = (path: string, body: object, key: string, as = client) =>
    as.request<Record<string, unknown>>('POST', path, body, { 'Idempotency-Key': key });

  it('must make one deployment of twenty at once, and tell all of it', async () => {
    const body = { environmentId, image: 'busybox', command: sh(IDLE), envVars: { A: '1', B: '2' } };
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('/deployments', body, 'twenty')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers.get('location'))).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(19);
    expect(await client.deployments(environmentId)).toHaveLength(1);
    const reordered = { ...body, envVars: { B: '2', A: '1' } };
    expect((await post('/deployments', reordered, 'twenty')).body).toEqual(answers[0]?.body);
  });

  it('must refuse the same key with another body, and keep keys of users and operations apart', async () => {
    const body = { environmentId, image: 'busybox', command: sh(IDLE) };
    const first = await post('/deployments', body, 'again');
    expect(await post('/deployments', { ...body, replicas: 2 }, 'again')).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });
    expect((await post('/environments', { name: 'again' }, 'again')).status).toBe(201);
    expect((await post('/environments', { name: 'again' }, 'again', await platform.client('2'))).status).toBe(201);
    expect((await post('/deployments', body, 'again')).body).toEqual(first.body);
    expect(await post('/environments', { name: 'x' }, 'k'.repeat(256))).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'Idempotency-Key' }] },
    });
  });

  it('must keep nothing of what failed: the same key may succeed later', async () => {
    const body = { name: 'later' };
    proxy.away = true;
    expect((await post('/environments', body, 'later')).status).toBe(503);
    proxy.away = false;
    const made = await post('/environments', body, 'later');
    expect(made.status).toBe(201);
    expect(made.headers.get('idempotency-replayed')).toBeNull();
    expect((await post('/environments', body, 'later')).body).toEqual(made.body);
  });

  it('must say so while the first is in flight, and answer it after a kill -9 in the middle', async () => {
    const body = { name: 'flying' };
    const held = proxy.hold('before', 'POST', /\/networks\/create/);
    const first = post('/environments', body, 'flying').catch(() => undefined);
    await held.reached;
    expect(await post('/environments', body, 'flying')).toMatchObject({
      status: 409,
      body: { code: 'IDEMPOTENCY_IN_FLIGHT' },
    });
    await platform.kill9();
    held.release();
    await first;
    await platform.start();
    await eventually(async () => {
      const again = await post('/environments', body, 'flying');
      expect(again).toMatchObject({ status: 201, body: { environment: { name: 'flying', status: 'ACTIVE' } } });
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }, 20_000);
  });
});
