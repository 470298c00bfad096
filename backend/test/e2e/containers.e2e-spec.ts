/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

/** The contract's two seconds, from the moment at which Docker has seen the change. */
const TRUTH_MS = 2000;
const QUICK = { intervalSeconds: 1, timeoutSeconds: 1, retries: 2, startPeriodSeconds: 5 };

describe("the containers' truth", () => {
  const platform = new Platform();
  const engine = new EngineView();
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    await platform.start();
    client = await platform.client();
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(() => platform.stop());

  const first = async (jobId: string) => (await client.job(jobId)).containers[0];
  const health = async (id: string) => {
    const [container] = await engine.containersOf(id);
    return container ? (await engine.docker.getContainer(container).inspect()).State.Health?.Status : undefined;
  };

  it('must count a restart, and show the new container running, after a container died', async () => {
    const { id, jobId } = await client.run({ environmentId, image: 'busybox', command: sh(IDLE) });
    expect(await first(jobId)).toMatchObject({ status: 'RUNNING', restartCount: 0, healthStatus: 'NONE' });
    const [container] = await engine.containersOf(id);
    await engine.docker.getContainer(container ?? '').kill();
    await eventually(async () => {
      const [successor] = await engine.containersOf(id);
      expect(successor).toBeDefined();
      expect(successor).not.toBe(container);
    }, 30_000);
    await eventually(
      async () => expect(await first(jobId)).toMatchObject({ status: 'RUNNING', restartCount: 1 }),
      TRUTH_MS,
    );
    expect((await client.job(jobId)).status).toBe('RUNNING');
  });

  it('must follow the health of a container', async () => {
    const server = sh(`httpd -p 8000 -h /etc; ${IDLE}`);
    const { id, jobId } = await client.run({
      environmentId,
      image: 'busybox',
      command: server,
      ports: [{ container: 8000 }],
      healthCheck: { path: '/passwd', ...QUICK, retries: 30 },
    });
    await eventually(async () => expect((await first(jobId))?.healthStatus).toBe('HEALTHY'), TRUTH_MS);
    await engine.exec(id, 'rm', '-f', '/etc/passwd');
    await eventually(async () => expect(await health(id)).not.toBe('healthy'), 60_000);
    await eventually(async () => expect((await first(jobId))?.healthStatus).not.toBe('HEALTHY'), TRUTH_MS);
  });

  it('must show every replica, and one that was removed behind its back', async () => {
    const { id, jobId } = await client.run({ environmentId, image: 'busybox', replicas: 3, command: sh(IDLE) });
    const { containers } = await eventually(async () => {
      const job = await client.job(jobId);
      expect(job.containers.map(({ slot, status }) => [slot, status])).toEqual([
        [1, 'RUNNING'],
        [2, 'RUNNING'],
        [3, 'RUNNING'],
      ]);
      return job;
    }, TRUTH_MS);
    expect(new Set(containers.map(({ name }) => name)).size).toBe(1);
    const [service] = await engine.servicesOf(id);
    await engine.docker.getService((service as unknown as { ID: string }).ID).remove();
    await engine.expectContainers(id, 0, 30_000);
    await eventually(
      async () =>
        expect((await client.job(jobId)).containers.map(({ status }) => status)).toEqual([
          'STOPPED',
          'STOPPED',
          'STOPPED',
        ]),
      TRUTH_MS,
    );
  });

  it('must be right again after a time in which the API did not run', async () => {
    const { id, jobId } = await client.run({ environmentId, image: 'busybox', command: sh(IDLE) });
    await platform.kill9();
    const [container] = await engine.containersOf(id);
    await engine.docker.getContainer(container ?? '').kill();
    await eventually(async () => expect((await engine.containersOf(id))[0]).not.toBe(container), 30_000);
    await platform.start();
    await eventually(
      async () => expect(await first(jobId)).toMatchObject({ status: 'RUNNING', restartCount: 1 }),
      5000,
    );
  });

  it('must give logs with tail and since, decoded and in order, as JSON and as text', async () => {
    const { id } = await client.run({
      environmentId,
      image: 'busybox',
      command: sh(`for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; sleep 0.2; done; ${IDLE}`),
    });
    await eventually(async () => expect(await client.logs(id)).toContain('err 5'), 10_000);
    const lines = (await client.logs(id)).trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines.every((line) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (out|err) \d$/.test(line))).toBe(true);
    expect(lines.map((line) => line.at(-1)).join('')).toBe('1122334455');
    expect((await client.logs(id, { tail: 3 })).trimEnd().split('\n')).toEqual(lines.slice(-3));
    const [since] = (lines[6] ?? '').split(' ');
    expect((await client.logs(id, { since: since ?? '' })).trimEnd().split('\n').length).toBeLessThanOrEqual(4);
    const text = await client.request<string>('GET', `/deployments/${id}/logs?tail=1`, undefined, {
      Accept: 'text/plain',
    });
    expect(text.headers.get('content-type')).toContain('text/plain');
    expect(text.body).toBe(`${lines.at(-1) ?? ''}\n`);
    for (const query of ['?tail=0', '?tail=10001', '?tail=x', '?since=yesterday'])
      expect((await client.request('GET', `/deployments/${id}/logs${query}`)).status, query).toBe(400);
  });
});
