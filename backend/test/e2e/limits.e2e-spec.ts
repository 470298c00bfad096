import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../scenario/api-client.js';
import { Platform } from '../scenario/platform.js';

describe('rate limits', () => {
  const platform = new Platform({
    RATE_LIMIT_TTL: '60000',
    RATE_LIMIT_MAX: '40',
    DEPLOY_RATE_LIMIT_MAX: '5',
    RUN_RATE_LIMIT_MAX: '7',
    AUTH_FAILURE_RATE_LIMIT_MAX: '10',
  });
  let client: ApiClient;

  beforeAll(async () => {
    await platform.start();
    client = await platform.client();
  });
  afterAll(async () => {
    await platform.terminate(); // who has been refused cannot clean up, and there is nothing to clean up
    await platform.stop();
  });

  it('must count down on every answer, refuse with Retry-After, and count each user with all keys together', async () => {
    const left: number[] = [];
    for (let request = 0; request < 40; request++) {
      const { status, headers } = await client.request('GET', '/environments');
      expect(status).toBe(200);
      expect(headers.get('x-ratelimit-limit')).toBe('40');
      expect(Number(headers.get('x-ratelimit-reset'))).toBeLessThanOrEqual(60);
      left.push(Number(headers.get('x-ratelimit-remaining')));
    }
    expect(left).toEqual(Array.from({ length: 40 }, (_, index) => 39 - index));
    const refused = await client.request('GET', '/auth/me');
    expect(refused).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await (await platform.client('1')).request('GET', '/environments')).status).toBe(429);
    expect((await (await platform.client('2')).request('GET', '/environments')).status).toBe(200);
    expect((await fetch(`${platform.baseUrl}/health/ready`)).headers.get('x-ratelimit-limit')).toBeNull();
  });

  it('must let fewer deployments through and say that limit, and count plans and uploads on their own', async () => {
    const deployer = await platform.client('3');
    const statuses: number[] = [];
    for (let request = 0; request < 7; request++) {
      const answer = await deployer.request('POST', '/deployments', { environmentId: 'none', image: 'busybox' });
      statuses.push(answer.status);
      if (answer.status !== 429) expect(answer.headers.get('x-ratelimit-limit')).toBe('5');
    }
    expect(statuses).toEqual([404, 404, 404, 404, 404, 429, 429]);
    const plan = { environmentId: 'none', image: 'busybox', dryRun: true };
    expect((await deployer.request('POST', '/deployments', plan)).status).toBe(404);
    const upload = { environmentId: 'none', uploadId: 'none' };
    const { status, headers } = await deployer.request('POST', '/deployments/from-upload', upload);
    expect({ status, left: headers.get('x-ratelimit-remaining') }).toEqual({ status: 404, left: '4' });
    const run = await deployer.request('POST', '/deployments/none/runs', { command: ['true'] });
    expect({ status: run.status, limit: run.headers.get('x-ratelimit-limit') }).toEqual({ status: 404, limit: '7' });
    expect((await deployer.request('GET', '/environments')).status).toBe(200);
  });

  it('must slow down who guesses keys, and not who has one', async () => {
    const owner = await platform.client('4');
    expect((await owner.request('GET', '/environments')).status).toBe(200);
    const guess = new ApiClient(platform.baseUrl, 'rw_prod_aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb');
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) statuses.push((await guess.request('GET', '/environments')).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
    expect((await owner.request('GET', '/environments')).status).toBe(200);
  });
});
