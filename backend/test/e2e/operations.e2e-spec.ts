import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { ProxiedPlatform } from '../scenario/proxied-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';

const METRICS_TOKEN = 'a-token-of-metrics';
const bed = new ProxiedPlatform({ METRICS_TOKEN });
let client: ApiClient;

beforeAll(async () => {
  client = await bed.start();
});
afterAll(() => bed.stop());

async function metrics(token = METRICS_TOKEN): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${bed.platform.baseUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, text: await answer.text() };
}

describe('GET /metrics', () => {
  it('must tell Prometheus of requests, deployments, jobs and parts', async () => {
    const { id: environmentId } = await client.createEnvironment();
    await client.run({ environmentId, image: 'busybox', tag: '1.36', command: sh(IDLE) });
    await client.fail({ environmentId, image: 'no-such-image' });
    const { status, text } = await metrics();
    expect(status).toBe(200);
    expect(text).toContain('berth_deployments{status="RUNNING"} 1');
    expect(text).toContain('berth_deployment_failures{code="IMAGE_NOT_FOUND"} 1');
    expect(text).toContain('berth_environments{status="ACTIVE"} 1');
    for (const statistic of ['max', 'p99'])
      expect(text).toMatch(new RegExp(`^berth_event_loop_delay_seconds{statistic="${statistic}"} [\\d.e-]+$`, 'm'));
    expect(text).toMatch(
      /berth_http_request_duration_seconds_count\{method="POST",route="\/deployments",status="201"\} 2/,
    );
    expect(text).toContain('berth_part_up{part="docker"} 1');
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toContain(environmentId);
    bed.proxy.away = true;
    expect((await metrics()).text).toContain('berth_part_up{part="docker"} 0');
    bed.proxy.away = false;
    await client.deleteEnvironment(environmentId);
  });

  it('must be for who has the token, and not be there without one', async () => {
    expect((await metrics('wrong')).status).toBe(401);
    await bed.platform.restart({ METRICS_TOKEN: '' });
    const { status, text } = await metrics();
    expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([404, 'ROUTE_NOT_FOUND']);
  });
});

describe('the dashboard', () => {
  it('must be served and linked, unless DASHBOARD is off', { tags: 'long' }, async () => {
    const { baseUrl } = bed.platform;
    const welcome = async () => (await (await fetch(baseUrl)).json()) as { endpoints: Record<string, string> };
    const address = (await welcome()).endpoints['dashboard'] ?? '';
    expect(address).toBe(`${baseUrl}/dashboard`);
    const page = await fetch(address);
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    const [, script = ''] = / src="([^"]+)"/.exec(await page.text()) ?? [];
    const asset = await fetch(new URL(script, address));
    expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, expect.stringContaining('immutable')]);

    await bed.platform.restart({ DASHBOARD: 'off' });
    expect((await welcome()).endpoints).not.toHaveProperty('dashboard');
    for (const gone of [address, new URL(script, address)]) expect((await fetch(gone)).status).toBe(404);
  });
});

describe('GET /nodes', () => {
  it('must list the machines of the swarm, for operators', { tags: 'long' }, async () => {
    const { nodes } = await client.ok<{ nodes: { role: string; state: string; hostname: string }[] }>('GET', '/nodes');
    expect(nodes).toMatchObject([{ role: 'manager', state: 'ready', availability: 'active' }]);
    const user = await bed.platform.client('2', 'DEPLOYMENTS_READ');
    expect((await user.request('GET', '/nodes')).body.code).toBe('INSUFFICIENT_SCOPE');
    const { id: environmentId } = await client.createEnvironment();
    const body = { environmentId, image: 'busybox', tag: '1.36', command: sh(IDLE) };
    const bound = await client.run({ ...body, volumes: [{ name: 'data', path: '/data' }] });
    expect(bound).toMatchObject({ node: nodes[0]?.hostname, containers: [{ node: nodes[0]?.hostname }] });
    expect((await client.run(body)).node).toBeNull();
    bed.proxy.away = true;
    expect(await client.request('GET', '/nodes')).toMatchObject({ status: 503, body: { code: 'DOCKER_UNAVAILABLE' } });
    bed.proxy.away = false;
    await client.deleteEnvironment(environmentId);
  });
});

describe('script/doctor', () => {
  it('must find what is right, what is wrong, and say what to do', async () => {
    const report = await bed.platform.script('doctor').catch((error: unknown) => (error as { stdout: string }).stdout);
    expect(report).toMatch(/✓ Docker Engine: \d+\./);
    expect(report).toMatch(/✓ Swarm: 1 node, 1 manager, \d+ networks? of Berth/);
    expect(report).toMatch(/✓ database: PostgreSQL 18/);
    expect(report).toMatch(/✓ encryption key: decrypts the stored secrets/);
    expect(report).toMatch(/✓ disk: |! disk: /);
    bed.proxy.away = true;
    const sick = await bed.platform
      .script('doctor', '--json')
      .catch((error: unknown) => error as { code: number; stdout: string });
    bed.proxy.away = false;
    expect(sick).toMatchObject({ code: 1 });
    const findings = JSON.parse((sick as { stdout: string }).stdout) as {
      what: string;
      state: string;
      advice?: string;
    }[];
    expect(findings[0]).toMatchObject({
      what: 'Docker Engine',
      state: 'broken',
      advice: 'Start it, or correct DOCKER_HOST.',
    });
  });
});
