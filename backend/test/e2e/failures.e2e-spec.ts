import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';
import { freePort } from '../testbed/free-port.js';

const QUICK = { intervalSeconds: 1, timeoutSeconds: 1, retries: 2, startPeriodSeconds: 1 };

describe('a deployment that cannot run', () => {
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

  /**
   * Nothing of the attempt is left in the engine; the network belongs to the environment. Swarm's agent may still make, and then take away, a
   * container whose task was on its way when the service went.
   */
  async function expectNothingLeft(): Promise<void> {
    await eventually(async () => {
      expect((await engine.leftovers(environmentId)).filter((name) => !name.startsWith('network '))).toEqual([]);
    }, 10_000);
  }

  it('must say IMAGE_NOT_FOUND within five seconds for an image that does not exist', async () => {
    const begin = Date.now();
    const deployment = await client.fail({ environmentId, image: 'nosuch', tag: 'atall' });
    expect(Date.now() - begin).toBeLessThan(5000);
    expect(deployment).toMatchObject({
      errorCode: 'IMAGE_NOT_FOUND',
      errorMessage: expect.stringContaining('nosuch') as string,
    });
    await expectNothingLeft();
  });

  it('must say REGISTRY_AUTH for a wrong password, and for none', async () => {
    const image = '127.0.0.1:5001/acme/web:1';
    const wrong = await client.fail({
      environmentId,
      image,
      registryAuth: { username: 'deployer', password: 'wrong' },
    });
    expect(wrong.errorCode).toBe('REGISTRY_AUTH');
    expect(JSON.stringify(wrong)).not.toContain('"wrong"');
    const none = await client.fail({ environmentId, image });
    expect(none).toMatchObject({
      errorCode: 'REGISTRY_AUTH',
      errorMessage: expect.stringContaining('requires credentials') as string,
    });
  });

  it('must run an image of a private registry with the right password', async () => {
    const body = {
      environmentId,
      image: '127.0.0.1:5001/acme/web:1',
      registryAuth: { username: 'deployer', password: 's3cret' },
      command: sh(IDLE),
    };
    const { id } = await client.run(body);
    await client.ok('DELETE', `/deployments/${id}`);
  });

  it('must say REGISTRY_UNREACHABLE within six seconds when nobody answers', async () => {
    const begin = Date.now();
    const deployment = await client.fail({ environmentId, image: '127.0.0.1:5999/a/b:1' });
    expect(Date.now() - begin).toBeLessThan(6000);
    expect(deployment.errorCode).toBe('REGISTRY_UNREACHABLE');
  });

  it('must say IMAGE_PLATFORM_MISMATCH for an image of another platform', async () => {
    expect(await client.fail({ environmentId, image: 'wrong-arch:1' })).toMatchObject({
      errorCode: 'IMAGE_PLATFORM_MISMATCH',
      errorMessage: expect.stringContaining('arm64') as string,
    });
  });

  it('must say CONTAINER_CRASHED, with the exit code and the last log lines, for a crash loop', async () => {
    const deployment = await client.fail({
      environmentId,
      image: 'busybox',
      command: ['sh', '-c', 'echo about to fall; exit 3'],
      volumes: [{ name: 'crash', path: '/data' }],
    });
    expect(deployment.errorCode).toBe('CONTAINER_CRASHED');
    expect(deployment.errorMessage).toContain('exit code 3');
    expect(deployment.errorMessage).toMatch(/about to fall$/);
    expect(await client.logs(deployment.id)).toContain('about to fall');
    await expectNothingLeft();
  });

  it('must say CONTAINER_CRASHED of what crashes before its health check could pass', { tags: 'long' }, async () => {
    const deployment = await client.fail({
      environmentId,
      image: 'busybox',
      command: sh('exit 5'),
      healthCheck: { tcpPort: 80, intervalSeconds: 1 },
    });
    expect(deployment.errorCode).toBe('CONTAINER_CRASHED');
    expect(deployment.errorMessage).toContain('exit code 5');
  });

  it('must say CONTAINER_CRASHED for a command that ends well, or is not there', { tags: 'long' }, async () => {
    const ended = await client.fail({ environmentId, image: 'busybox', command: ['true'] });
    expect(ended).toMatchObject({
      errorCode: 'CONTAINER_CRASHED',
      errorMessage: expect.stringContaining('exit code 0') as string,
    });
    const missing = await client.fail({ environmentId, image: 'busybox', command: ['/no/such/program'] });
    expect(missing).toMatchObject({
      errorCode: 'CONTAINER_CRASHED',
      errorMessage: expect.stringContaining('/no/such/program') as string,
    });
  });

  it('must say PORT_NOT_LISTENING when nothing listens on the declared port, and what listens instead', async () => {
    const deployment = await client.fail({
      environmentId,
      image: 'busybox',
      command: sh('httpd -p 3000 -h /etc; ' + IDLE),
      ports: [{ container: 8080 }],
      healthCheck: QUICK,
    });
    expect(deployment.errorCode).toBe('PORT_NOT_LISTENING');
    expect(deployment.errorMessage).toMatch(/port 8080.*:3000/);
    await expectNothingLeft();
  });

  it('must say that a server listens on 127.0.0.1 only', { tags: 'long' }, async () => {
    const deployment = await client.fail({
      environmentId,
      image: 'busybox',
      command: sh('httpd -p 127.0.0.1:8080 -h /etc; ' + IDLE),
      ports: [{ container: 8080 }],
      healthCheck: QUICK,
    });
    expect(deployment.errorCode).toBe('PORT_NOT_LISTENING');
    expect(deployment.errorMessage).toContain('127.0.0.1 only');
  });

  it(
    'must say HEALTHCHECK_TIMEOUT for a check that never passes, with what the check saw',
    { tags: 'long' },
    async () => {
      const deployment = await client.fail({
        environmentId,
        image: 'scratch-http',
        tag: '1',
        ports: [{ container: 8080 }],
        healthCheck: { path: '/boom', ...QUICK },
      });
      expect(deployment.errorCode).toBe('HEALTHCHECK_TIMEOUT');
      expect(deployment.errorMessage).toContain('GET /boom answered 500');
      await expectNothingLeft();
    },
  );

  it('must refuse at once a host port of the platform, and one that a program listens on', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const [host, why] of [
      [platform.port, 'a port of the platform'],
      [5005, 'a port of the platform'],
      [port, 'another program listens on it'],
    ] as const) {
      const body = { environmentId, image: 'nginx', tag: 'alpine', ports: [{ container: 80, host }] };
      const { status, body: problem } = await client.request('POST', '/deployments', body);
      expect([status, problem.code]).toEqual([409, 'HOST_PORT_TAKEN']);
      expect(problem.detail).toContain(`Host port ${host}/tcp is held by the machine: `);
      expect(problem.detail).toContain(why);
    }
    server.close();
  });

  it(
    'must say HOST_PORT_TAKEN when a program takes the host port before the service starts',
    { tags: 'long' },
    async () => {
      const server = createServer();
      const host = await freePort();
      const { jobId } = await client.deploy({
        environmentId,
        image: 'nginx',
        tag: 'alpine',
        command: ['sleep', '86400'],
        releaseCommand: ['sleep', '3'],
        ports: [{ container: 80, host }],
      });
      server.listen(host, '0.0.0.0');
      const deployment = await client.settled(jobId);
      server.close();
      expect(deployment).toMatchObject({ status: 'FAILED', errorCode: 'HOST_PORT_TAKEN' });
      expect(deployment.errorMessage).toContain(`Host port ${host}/tcp is held by the machine`);
      await expectNothingLeft();
    },
  );

  it('must refuse at once a host port that another live deployment holds', async () => {
    const first = await client.run({
      environmentId,
      name: 'first',
      image: 'nginx',
      tag: 'alpine',
      ports: [{ container: 80, host: 18_090 }],
    });
    const second = await client.request('POST', '/deployments', {
      environmentId,
      name: 'second',
      image: 'nginx',
      tag: 'alpine',
      ports: [{ container: 80, host: 18_090 }],
    });
    expect(second).toMatchObject({ status: 409, body: { code: 'HOST_PORT_TAKEN' } });
    await client.ok('DELETE', `/deployments/${first.id}`);
  });

  it('must keep a volume that was there before, and remove one that the attempt made', async () => {
    const volumes = [{ name: 'kept', path: '/data' }];
    const good = await client.run({
      environmentId,
      name: 'holder',
      image: 'busybox',
      command: sh('date > /data/mark; ' + IDLE),
      volumes,
    });
    await client.fail({
      environmentId,
      name: 'breaker',
      image: 'busybox',
      command: ['false'],
      volumes: [...volumes, { name: 'fresh', path: '/fresh' }],
    });
    const left = await engine.leftovers(environmentId);
    expect(left.filter((name) => name.startsWith('volume '))).toEqual([`volume berth_${environmentId}_kept`]);
    expect((await engine.exec(good.id, 'cat', '/data/mark')).exitCode).toBe(0);
    await client.ok('DELETE', `/deployments/${good.id}?deleteVolumes=true`);
  });

  it('must be cancelled within five seconds, and leave nothing', async () => {
    const { jobId } = await client.deploy({
      environmentId,
      image: 'busybox',
      command: sh(IDLE),
      ports: [{ container: 9 }],
    });
    await client.ok('POST', `/deployments/job/${jobId}/cancel`);
    const begin = Date.now();
    expect(await client.settled(jobId)).toMatchObject({ status: 'FAILED', errorCode: 'CANCELLED' });
    expect(Date.now() - begin).toBeLessThan(5000);
    expect((await client.request('POST', `/deployments/job/${jobId}/cancel`)).body.code).toBe(
      'DEPLOYMENT_NOT_CANCELLABLE',
    );
  });

  it('must be cancelled at once while it waits for another release of its name', async () => {
    const body = { environmentId, name: 'queued', image: 'busybox', command: sh(IDLE) };
    const first = await client.deploy(body);
    const second = await client.deploy(body);
    await client.ok('POST', `/deployments/job/${second.jobId}/cancel`);
    expect(await client.job(second.jobId)).toMatchObject({ status: 'FAILED', errorCode: 'CANCELLED' });
    expect((await client.settled(first.jobId)).status).toBe('RUNNING');
    expect(await engine.servicesOf(second.deploymentId)).toEqual([]);
  });
});
