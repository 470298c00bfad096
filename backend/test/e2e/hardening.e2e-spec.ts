import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networkInterfaces } from 'node:os';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const WEB = sh(`mkdir -p /tmp/w; hostname > /tmp/w/index.html; httpd -p 8000 -h /tmp/w; ${IDLE}`);
/** CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10 */
const BASELINE = '00000000000004eb';

describe('what a container may do and reach', () => {
  const platform = new Platform();
  const engine = new EngineView();
  let client: ApiClient;
  let stranger: ApiClient;
  let own: string;
  let other: string;

  beforeAll(async () => {
    await platform.start();
    client = await platform.client('1');
    stranger = await platform.client(
      '2',
      'ENVIRONMENTS_READ,ENVIRONMENTS_WRITE,DEPLOYMENTS_READ,DEPLOYMENTS_WRITE,LOGS_READ',
    );
    own = (await client.createEnvironment('same-name')).id;
    other = (await stranger.createEnvironment('same-name')).id;
  });
  afterAll(() => platform.stop());

  it('must have the baseline capabilities, no new privileges, and limits on memory, CPU and processes', async () => {
    const { id } = await client.run({
      environmentId: own,
      image: 'busybox',
      command: sh(IDLE),
      resources: { memoryMb: 64, cpus: 0.5, pids: 40 },
    });
    const status = (await engine.exec(id, 'cat', '/proc/1/status')).output;
    const valueOf = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
    for (const mask of ['CapPrm', 'CapEff', 'CapBnd']) expect(valueOf(mask), mask).toBe(BASELINE);
    expect(valueOf('CapAmb')).toBe('0000000000000000');
    expect(valueOf('NoNewPrivs')).toBe('1');
    expect(valueOf('Seccomp')).toBe('2');
    const [container] = await engine.containersOf(id);
    const { HostConfig } = await engine.docker.getContainer(container ?? '').inspect();
    expect(HostConfig).toMatchObject({
      Memory: 64 * 1024 * 1024,
      NanoCpus: 500_000_000,
      PidsLimit: 40,
      Privileged: false,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    });
    const forks = await engine.exec(id, 'sh', '-c', 'for i in $(seq 1 60); do sleep 2 & done; wait');
    expect(forks.output).toMatch(/can't fork|Resource temporarily unavailable/);
  });

  it('must keep only the capabilities that a request asks for, and never more than the operator allows', async () => {
    const { id } = await client.run({
      environmentId: own,
      image: 'busybox',
      command: sh(IDLE),
      capabilities: ['NET_BIND_SERVICE'],
    });
    expect((await engine.exec(id, 'grep', 'CapBnd', '/proc/1/status')).output).toContain('0000000000000400');
    const more = await client.request('POST', '/deployments', {
      environmentId: own,
      image: 'busybox',
      capabilities: ['SYS_ADMIN'],
    });
    expect(more).toMatchObject({ status: 400, body: { errors: [{ path: 'capabilities' }] } });
  });

  it('must run images that drop privileges at their start, and those without a shell', { tags: 'long' }, async () => {
    const drops = await client.run({
      environmentId: own,
      image: 'drops-privileges',
      tag: '1',
      ports: [{ container: 80 }],
    });
    const nginx = await client.run({ environmentId: own, image: 'nginx', tag: 'alpine', ports: [{ container: 80 }] });
    const scratch = await client.run({
      environmentId: own,
      image: 'scratch-http',
      tag: '1',
      ports: [{ container: 8080 }],
      healthCheck: { path: '/health', startPeriodSeconds: 5 },
    });
    for (const { jobId } of [drops, nginx, scratch]) {
      await eventually(
        async () =>
          expect((await client.job(jobId)).containers[0]).toMatchObject({ status: 'RUNNING', healthStatus: 'HEALTHY' }),
        5000,
      );
    }
  });

  it("must use an image's own health check when the request has none", async () => {
    const { jobId } = await client.run({ environmentId: own, image: 'with-healthcheck', tag: '1' });
    await eventually(async () => expect((await client.job(jobId)).containers[0]?.healthStatus).toBe('HEALTHY'), 5000);
  });

  it('must reach what is in its own environment by name, and nothing of another one by name or address', async () => {
    const server = await client.run({
      environmentId: own,
      name: 'web',
      image: 'busybox',
      command: WEB,
      ports: [{ container: 8000 }],
    });
    const sibling = await client.run({ environmentId: own, image: 'busybox', command: sh(IDLE) });
    const foreign = await stranger.run({ environmentId: other, image: 'busybox', command: sh(IDLE) });
    const fetchFrom = (id: string, host: string) =>
      engine.exec(id, 'sh', '-c', `printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 ${host} 8000 | grep 200`);

    expect(await fetchFrom(sibling.id, 'web')).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('200') as string,
    });
    expect((await fetchFrom(foreign.id, 'web')).exitCode).not.toBe(0);

    const [container] = await engine.containersOf(server.id);
    const addresses = (
      await engine.exec(server.id, 'sh', '-c', "ip -4 -o addr | awk '{print $4}' | cut -d/ -f1 | grep -v ^127")
    ).output
      .trim()
      .split(/\s+/);
    expect(container && addresses.length).toBeGreaterThan(1);
    for (const address of addresses) expect((await fetchFrom(foreign.id, address)).exitCode, address).not.toBe(0);
  });

  it("must reach neither the API nor PostgreSQL, by any of the host's addresses", async () => {
    const { id } = await client.run({ environmentId: own, image: 'busybox', command: sh(IDLE) });
    const gateways = (await engine.exec(id, 'sh', '-c', "ip route | awk '/via/{print $3}'")).output.trim().split(/\s+/);
    const hostAddresses = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address),
    );
    const targets = [...new Set([...gateways, ...hostAddresses, 'host.docker.internal', 'localhost'])].filter(Boolean);
    expect(targets.length).toBeGreaterThan(2);
    for (const target of targets) {
      for (const port of [platform.port, 5432]) {
        expect(
          (await engine.exec(id, 'nc', '-w', '1', target, String(port), '-e', 'true')).exitCode,
          `${target}:${port}`,
        ).not.toBe(0);
      }
    }
  });

  it('must share no volume with another environment of the same name', async () => {
    const volumes = [{ name: 'data', path: '/data' }];
    const mine = await client.run({
      environmentId: own,
      image: 'busybox',
      command: sh(`echo mine > /data/mark; ${IDLE}`),
      volumes,
    });
    const theirs = await stranger.run({ environmentId: other, image: 'busybox', command: sh(IDLE), volumes });
    expect((await engine.exec(mine.id, 'cat', '/data/mark')).output).toContain('mine');
    expect((await engine.exec(theirs.id, 'cat', '/data/mark')).exitCode).not.toBe(0);
  });

  it("must be invisible to another user's key, exactly as what does not exist", async () => {
    const { id, jobId } = await client.run({ environmentId: own, image: 'busybox', command: sh(IDLE) });
    const anonymous = (problem: unknown) =>
      JSON.stringify(problem)
        .replaceAll(id, 'ID')
        .replaceAll(jobId, 'ID')
        .replaceAll(own, 'ID')
        .replaceAll('nosuchthing', 'ID')
        .replace(/"(requestId|timestamp)":"[^"]*"/g, '');
    const pairs: [string, string, string][] = [
      ['GET', '/deployments/$', id],
      ['GET', '/deployments/$/logs', id],
      ['DELETE', '/deployments/$', id],
      ['GET', '/deployments/job/$', jobId],
      ['POST', '/deployments/job/$/cancel', jobId],
      ['GET', '/deployments/environment/$', own],
      ['GET', '/environments/$', own],
      ['DELETE', '/environments/$', own],
    ];
    for (const [method, path, target] of pairs) {
      const foreign = await stranger.request(method, path.replace('$', target));
      const absent = await stranger.request(method, path.replace('$', 'nosuchthing'));
      expect(foreign.status, path).toBe(404);
      expect(anonymous(foreign.body)).toBe(anonymous(absent.body));
    }
    expect((await client.job(jobId)).status).toBe('RUNNING');
  });
});
