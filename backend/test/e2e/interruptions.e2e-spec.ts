import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { PostgresFiles } from '#src/core/database/postgres-files.js';
import { ProxiedPlatform } from '../scenario/proxied-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';
import type { EnvironmentListDto } from '#src/modules/environments/environment.dto.js';

const engine = new EngineView();
const output = async (id: string, ...command: string[]) => (await engine.exec(id, ...command)).output;

describe('the API, interrupted', () => {
  const bed = new ProxiedPlatform();
  const { proxy, platform } = bed;
  let client: ApiClient;

  beforeAll(async () => {
    client = await bed.start();
  });
  afterAll(() => bed.stop());

  it('must finish the clean-up of a failure, and of an environment, after a restart', { tags: 'long' }, async () => {
    const { id: environmentId } = await client.createEnvironment();
    const undoing = proxy.hold('before', 'DELETE', /\/services\//);
    const { jobId, deploymentId } = await client.deploy({
      environmentId,
      image: 'busybox',
      command: ['false'],
      volumes: [{ name: 'data', path: '/data' }],
    });
    await undoing.reached;
    await platform.kill9();
    undoing.release();
    await platform.start();
    expect(await client.settled(jobId)).toMatchObject({ status: 'FAILED', errorCode: 'CONTAINER_CRASHED' });
    expect(await engine.servicesOf(deploymentId)).toEqual([]);

    const tearing = proxy.hold('before', 'DELETE', /\/networks\//);
    await client.ok('DELETE', `/environments/${environmentId}`);
    await tearing.reached;
    await platform.kill9();
    tearing.release();
    await platform.start();
    await client.expectEnvironment(environmentId, 'DELETED', 60_000);
    expect(await engine.leftovers(environmentId)).toEqual([]);
  });

  it('must run what takes long once', { tags: 'long' }, async () => {
    const { id: environmentId } = await client.createEnvironment();
    const deployment = await client.run({
      environmentId,
      image: 'busybox',
      command: sh(`sleep 14; touch /tmp/ready; ${IDLE}`),
      healthCheck: { command: ['test', '-e', '/tmp/ready'] },
    });
    expect(await platform.sql('SELECT attempt FROM "Deployment" WHERE id = $1', [deployment.id])).toEqual([
      { attempt: 1 },
    ]);
    await client.deleteEnvironment(environmentId);
  });

  it.each([
    [
      'the step',
      '"DeploymentStep" SET "deadlineAt" = now() WHERE "deploymentId"',
      'The step PullImage exceeded its deadline',
    ],
    ['the deployment', '"Deployment" SET "deadlineAt" = now() WHERE id', 'It was in the step PullImage'],
  ])(
    'must give up what hangs when the time of %s is over, also when another process began it',
    { tags: 'long' },
    async (_, due, says) => {
      const { id: environmentId } = await client.createEnvironment();
      await engine.forgetImage('fetched-after');
      const held = proxy.hold('before', 'POST', /\/images\/create/);
      const { jobId, deploymentId } = await client.deploy({ environmentId, image: 'fetched-after', tag: '1' });
      await held.reached;
      await platform.kill9();
      await platform.sql(`UPDATE ${due} = $1`, [deploymentId]);
      await platform.start();
      const failed = await client.settled(jobId);
      held.release();
      expect(failed).toMatchObject({ status: 'FAILED', errorCode: 'DEADLINE_EXCEEDED' });
      expect(failed.errorMessage).toContain(says);
      await client.deleteEnvironment(environmentId);
    },
  );

  it.each([
    ['a config is created', 'before', /\/configs\/create/],
    ['a secret is created', 'after', /\/secrets\/create/],
    ['the service is created', 'before', /\/services\/create/],
  ] as const)(
    'must mount files after kill -9 when %s, and after a crash of the container',
    { tags: 'long' },
    async (_title, when, call) => {
      const held = proxy.hold(when, 'POST', call);
      const { id: environmentId } = await client.createEnvironment();
      const contents = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')];
      const { jobId, deploymentId } = await client.deploy({
        environmentId,
        name: 'crashed',
        image: 'busybox',
        tag: '1.36',
        command: sh(IDLE),
        files: [
          { path: '/etc/app.conf', content: contents[0] },
          { path: '/run/key', content: contents[1], secret: true },
        ],
      });
      await held.reached;
      await platform.kill9();
      held.release();
      await platform.start();
      await client.expectStatus(jobId, 'RUNNING', 90_000);
      const shown = () => output(deploymentId, 'cat', '/etc/app.conf', '/run/key');
      expect(await shown()).toBe(contents.join(''));
      const [first = ''] = await engine.containersOf(deploymentId);
      await engine.docker.getContainer(first).kill();
      await eventually(async () => {
        expect(await engine.containersOf(deploymentId)).not.toContain(first);
        expect(await shown()).toBe(contents.join(''));
      }, 60_000);
      await client.deleteEnvironment(environmentId);
    },
  );

  it('must make the network of an environment that was half created', { tags: 'long' }, async () => {
    const held = proxy.hold('before', 'POST', /\/networks\/create/);
    void client.createEnvironment('half').catch(() => undefined);
    await held.reached;
    await platform.kill9();
    held.release();
    await platform.start();
    const id = await eventually(async () => {
      const { environments } = await client.ok<EnvironmentListDto>('GET', '/environments');
      const half = environments.find(({ name }) => name === 'half');
      expect(half?.status).toBe('ACTIVE');
      return half?.id ?? '';
    }, 5000);
    await client.deleteEnvironment(id);
  });

  it(
    'must answer 503 while the Engine is unavailable, continue when it is back, and leave what runs alone',
    { tags: 'long' },
    async () => {
      const { id: environmentId } = await client.createEnvironment();
      const running = await client.run({ environmentId, image: 'busybox', command: sh(IDLE) });
      proxy.away = true;
      const begin = Date.now();
      const refused = await client.request('POST', '/environments', { name: 'nope' });
      expect(Date.now() - begin).toBeLessThan(5000);
      expect(refused).toMatchObject({ status: 503, body: { code: 'DOCKER_UNAVAILABLE' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      const { jobId } = await client.deploy({ environmentId, image: 'busybox', command: sh(IDLE) });
      expect((await client.job(running.jobId)).status).toBe('RUNNING');
      expect((await client.request<{ error: object }>('GET', '/health')).status).toBe(503);
      proxy.away = false;
      expect((await client.settled(jobId)).status).toBe('RUNNING');
      await client.deleteEnvironment(environmentId);
    },
  );

  it('must answer 503 while PostgreSQL is away, and finish what it had begun once it is back', async () => {
    const { id: environmentId } = await client.createEnvironment();
    const { jobId } = await client.deploy({ environmentId, image: 'busybox', tag: '1.36', command: sh(IDLE) });
    await client.expectStatus(jobId, 'STARTING_CONTAINERS', 20_000);
    process.kill(platform.postmaster, 'SIGKILL');
    const begin = Date.now();
    const refused = await client.request('GET', `/deployments/job/${jobId}`);
    expect(Date.now() - begin).toBeLessThan(5000);
    if (refused.status !== 200) expect(refused).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE' } });
    const deployment = await client.settled(jobId);
    expect(deployment, deployment.errorMessage ?? '').toMatchObject({ status: 'RUNNING' });
    expect(await engine.servicesOf(deployment.id)).toHaveLength(1);
    await client.deleteEnvironment(environmentId);
  });

  it('must answer 503 within five seconds while PostgreSQL hangs, and go on by itself afterwards', async () => {
    const { id: environmentId } = await client.createEnvironment();
    const processes = new PostgresFiles(platform.postgresDir).processes();
    const signal = (name: 'SIGSTOP' | 'SIGCONT') => processes.forEach((pid) => process.kill(pid, name));
    signal('SIGSTOP');
    const routes = [
      ['GET', '/environments'],
      ['GET', `/environments/${environmentId}`],
      ['POST', '/environments', { name: 'nope' }],
      ...Array.from({ length: 10 }, () => ['POST', '/deployments', { environmentId, image: 'busybox' }] as const),
      ['GET', '/auth/keys'],
      ['GET', '/health/ready'],
    ] as const;
    const answers = await Promise.all(
      routes.map(async ([method, path, body]) => {
        const begin = performance.now();
        const { status, headers } = await client.request(method, path, body);
        return {
          path,
          status,
          retries: path === '/health/ready' || headers.has('retry-after'),
          ms: performance.now() - begin,
        };
      }),
    ).finally(() => signal('SIGCONT'));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, retries: true });
      expect(answer.ms, answer.path).toBeLessThan(5000);
    }
    await eventually(async () => expect((await client.request('GET', '/environments')).status).toBe(200), 10_000);
    await client.deleteEnvironment(environmentId);
  });

  it(
    'must stop within ten seconds on SIGTERM while a deployment is in progress, and finish it after the start',
    { tags: 'long' },
    async () => {
      const { id: environmentId } = await client.createEnvironment();
      const { jobId } = await client.deploy({ environmentId, image: 'busybox', command: sh(IDLE) });
      await client.expectStatus(jobId, 'STARTING_CONTAINERS', 10_000);
      expect(await platform.terminate()).toBeLessThan(10_000);
      await platform.start();
      expect((await client.settled(jobId)).status).toBe('RUNNING');
      await client.deleteEnvironment(environmentId);
    },
  );
});
