/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentMetrics } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { ProxiedPlatform } from '../scenario/proxied-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const METRICS_TOKEN = 'a-token-of-metrics';
const BUSY = 'while :; do i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; sleep 0.1; done';
const bed = new ProxiedPlatform({ METRICS_TOKEN, METRICS_SAMPLE_SECONDS: '1' });
const engine = new EngineView();
let client: ApiClient;
let environmentId: string;
let environment: string;

beforeAll(async () => {
  client = await bed.start();
  ({ id: environmentId, name: environment } = await client.createEnvironment());
});
afterAll(() => bed.stop());

const metricsOf = (id: string, query = '') => client.ok<DeploymentMetrics>('GET', `/deployments/${id}/metrics${query}`);

async function prometheus(): Promise<string> {
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  return (await fetch(`${bed.platform.baseUrl}/metrics`, { headers })).text();
}

describe('metrics of a deployment', () => {
  it('must tell what its containers use, when they restarted, and when it was released', async () => {
    const web = { environmentId, name: 'web', image: 'busybox', tag: '1.36', replicas: 2 };
    const { id } = await client.run({ ...web, command: sh(BUSY) });
    const { points, stepSeconds } = await eventually(async () => {
      const metrics = await metricsOf(id, '?since=5m&step=15');
      for (const replica of [1, 2])
        expect(metrics.points.filter((point) => point.replica === replica).length).toBeGreaterThan(1);
      return metrics;
    }, 60_000);
    expect(stepSeconds).toBe(15);
    for (const { at, cpu, memoryBytes, rxBytes, txBytes } of points) {
      expect(Date.parse(at) % 15_000).toBe(0);
      expect(cpu).toBeGreaterThan(0.001);
      expect(cpu).toBeLessThan(2);
      expect(memoryBytes).toBeGreaterThan(50_000);
      expect(memoryBytes).toBeLessThan(100_000_000);
      expect(Math.min(rxBytes, txBytes)).toBeGreaterThanOrEqual(0);
    }
    const [doomed = ''] = await engine.containersOf(id);
    await engine.docker.getContainer(doomed).kill();
    const kinds = async () => (await metricsOf(id)).events.map(({ kind }) => kind);
    await eventually(async () => expect(await kinds()).toEqual(['RELEASE', 'RESTART']), 20_000);
    const [release, restart] = (await metricsOf(id)).events;
    expect(release).toMatchObject({ deploymentId: id, replica: null });
    expect(restart).toMatchObject({ deploymentId: id, replica: expect.any(Number) as number });

    const text = await prometheus();
    for (const family of ['cpu_cores', 'memory_bytes', 'network_receive_bytes_total', 'network_transmit_bytes_total']) {
      const labels = `environment="${environment}",name="web",deployment="${id}",replica="2"`;
      expect(text).toMatch(new RegExp(`^berth_container_${family}\\{${labels}\\} [\\d.e+-]+$`, 'm'));
    }
  });

  it('must continue after an outage of the Engine, and be readable meanwhile', async () => {
    const { id } = await client.run({ environmentId, name: 'idle', image: 'busybox', tag: '1.36', command: sh(IDLE) });
    const count = async () => (await metricsOf(id, '?since=10m&step=15')).points.length;
    await eventually(async () => expect(await count()).toBeGreaterThan(0), 30_000);
    bed.proxy.away = true;
    const before = await count();
    bed.proxy.away = false;
    await eventually(async () => expect(await count()).toBeGreaterThan(before), 45_000);
  });

  it('must be empty without a container, and refuse what it cannot answer', async () => {
    const { id } = await client.fail({ environmentId, image: 'no-such-image' });
    expect((await metricsOf(id)).points).toEqual([]);
    for (const [query, field] of [
      ['since=yesterday', 'since'],
      ['since=25h', 'since'],
      ['step=14', 'step'],
      ['since=24h&step=15', 'step'],
    ] as const) {
      const { status, body } = await client.request('GET', `/deployments/${id}/metrics?${query}`);
      expect([status, body.errors?.[0]?.path], query).toEqual([400, field]);
    }
    const otherUser = await bed.platform.client('2', 'DEPLOYMENTS_READ');
    expect(await otherUser.request('GET', `/deployments/${id}/metrics`)).toMatchObject({
      status: 404,
      body: { code: 'DEPLOYMENT_NOT_FOUND' },
    });
  });
});
