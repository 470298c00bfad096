import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { commandLinesWith, environmentsWith } from '../scenario/processes-with.js';
import { eventually } from '../testbed/eventually.js';
import { hub } from '../testbed/registries.js';
import { GIT_TOKEN, type GitServer } from '../testbed/git-server.js';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const BUILDING =
  'FROM busybox:1.36\nRUN echo begun; sleep 5\nRUN echo done > /done\nCMD ["sleep", "600"]\nSTOPSIGNAL SIGKILL\n';

describe('what a deployment from git is trusted with', () => {
  const engine = new EngineView();
  let bed: GitPlatform;
  let git: GitServer;
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    bed = await startGitPlatform({ BUILD_CONCURRENCY: '2' });
    ({ client, git } = bed);
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(() => bed?.stop());

  it('must keep a token out of everything, while it clones and afterwards', async () => {
    await git.create('private/secret', dockerApplication('secret', { 'other.txt': 'x' }));
    const held = git.hold();
    const { jobId, deploymentId } = await client.deployFromGit({
      environmentId,
      gitUrl: git.url('private/secret'),
      gitAuth: { token: GIT_TOKEN },
      ports: [{ container: 80 }],
    });
    await held.reached;
    expect(commandLinesWith('git-remote-https').length + commandLinesWith('git fetch').length).toBeGreaterThan(0);
    const encoded = Buffer.from(`x-access-token:${GIT_TOKEN}`).toString('base64');
    for (const secret of [GIT_TOKEN, encoded])
      expect([...commandLinesWith(secret), ...environmentsWith(secret)]).toEqual([]);
    held.release();
    const deployment = await client.settled(jobId, 60_000);
    expect(deployment.status, deployment.errorMessage ?? '').toBe('RUNNING');
    const image = engine.docker.getImage(`${deployment.image}:${deployment.tag ?? ''}`);
    const files = await engine.exec(deploymentId, 'sh', '-c', 'ls -a /srv; grep -r tok3n /srv /etc');
    const everywhere = [
      JSON.stringify(deployment),
      await client.buildLogs(deploymentId),
      JSON.stringify([await image.inspect(), await image.history()]),
      bed.platform.logs,
      await bed.platform.dump(),
      files.output,
    ];
    for (const text of everywhere) for (const secret of [GIT_TOKEN, encoded]) expect(text).not.toContain(secret);
    expect(files.output).not.toContain('.git');
    expect(bed.platform.buildDirectories).toEqual([]);
  });

  it('must give a token to the host that it is for, and not to one that this redirects to', async () => {
    await git.create('private/target', dockerApplication('target'));
    const before = git.requests.length;
    const { errorCode } = await client.failFromGit({
      environmentId,
      gitUrl: `https://127.0.0.1:${git.port}/moved/localhost:${git.port}/private/target.git`,
      gitAuth: { token: GIT_TOKEN },
    });
    expect(errorCode).toMatch(/GIT_AUTH|GIT_HOST_NOT_ALLOWED/);
    const asked = git.requests.slice(before).filter(({ path }) => path.startsWith('/private/'));
    expect(asked.filter(({ authorization }) => authorization !== '')).toEqual([]);
  });

  describe('with submodules', { tags: 'long' }, () => {
    const files = { Dockerfile: 'FROM busybox:1.36\nCOPY . /srv\nCMD ["sleep", "600"]\nSTOPSIGNAL SIGKILL\n' };
    const run = (name: string, body: object = {}) =>
      client.runFromGit({ environmentId, gitUrl: git.url(name), name: 'modules', submodules: true, ...body });
    const listOf = async ({ id }: { id: string }) =>
      (await engine.exec(id, 'find', '/srv', '-name', '*.txt')).output.trim().split('\n').toSorted();

    it('must warn of those that are not asked for, and fetch them and theirs with the credentials at hand', async () => {
      await git.create('private/leaf', { 'leaf.txt': 'x' });
      await git.create('private/theme', { 'theme.txt': 'x' }, { submodules: { 'deep/leaf': '../leaf.git' } });
      const submodules = {
        a: '../theme.git',
        'my lib': 'git@127.0.0.1:private/leaf.git',
        c: git.url('private/leaf'),
      };
      await git.create('private/parent', files, { submodules });
      const auth = { gitAuth: { token: GIT_TOKEN } };
      const without = await run('private/parent', { ...auth, submodules: false });
      expect(without.build?.warnings).toEqual([expect.stringContaining('Send submodules: true')]);
      expect(await listOf(without)).toEqual(['']);
      const all = await run('private/parent', auth);
      expect(all.build?.warnings).toEqual([]);
      expect(await listOf(all)).toEqual(
        ['a/deep/leaf/leaf', 'a/theme', 'c/leaf', 'my lib/leaf'].map((f) => `/srv/${f}.txt`),
      );
    });

    it('must say in words for people why one cannot be fetched', async () => {
      const fail = async (name: string, url: string) => {
        await git.create(name, files, { submodules: { theme: url } });
        const failed = await client.failFromGit({ environmentId, gitUrl: git.url(name), submodules: true });
        expect(failed.errorMessage).not.toMatch(/askpass|\/home|\/tree|terminal prompts/);
        expect(failed.errorMessage).toContain('The submodule theme');
        return failed;
      };
      expect(await fail('refused', '../private/theme.git')).toMatchObject({
        errorCode: 'GIT_AUTH',
        errorMessage: expect.stringContaining('Send gitAuth with a token') as string,
      });
      expect((await fail('local', 'file:///srv/theme.git')).errorCode).toBe('GIT_SUBMODULE');
      expect((await fail('missing', '../nowhere/theme.git')).errorCode).toBe('GIT_SUBMODULE');
    });
  });

  it('must keep two users apart who build at the same time: files, caches and logs', { tags: 'long' }, async () => {
    const other = await bed.platform.client(
      '2',
      'ENVIRONMENTS_WRITE,ENVIRONMENTS_READ,DEPLOYMENTS_WRITE,DEPLOYMENTS_READ,LOGS_READ',
    );
    const theirs = (await other.createEnvironment()).id;
    const cached = (name: string) =>
      `FROM busybox:1.36\nCOPY . /src\nRUN --mount=type=cache,id=shared,target=/cache ls /cache > /found; echo ${name} > /cache/${name}; sleep 2\nCMD ["sleep", "600"]\nSTOPSIGNAL SIGKILL\n`;
    await git.create('of-one', { Dockerfile: cached('one'), 'one.txt': '1' });
    await git.create('of-two', { Dockerfile: cached('two'), 'two.txt': '2' });
    const [one, two] = await Promise.all([
      client.runFromGit({ environmentId, gitUrl: git.url('of-one') }),
      other.runFromGit({ environmentId: theirs, gitUrl: git.url('of-two') }),
    ]);
    for (const [mine, name] of [
      [one, 'one'],
      [two, 'two'],
    ] as const) {
      const { output } = await engine.exec(mine.id, 'sh', '-c', 'ls /src; cat /found');
      expect(output).toBe(`Dockerfile\n${name}.txt\n`);
    }
    expect((await other.request('GET', `/deployments/${one.id}/build-logs`)).status).toBe(404);
    await other.deleteEnvironment(theirs);
  });

  describe('when it is interrupted', { tags: 'long' }, () => {
    const body = () => ({ environmentId, gitUrl: git.url('interrupted'), name: 'interrupted' });
    beforeAll(() => git.create('interrupted', { Dockerfile: BUILDING }));

    async function expectOneOfEach(deploymentId: string, image: string): Promise<void> {
      expect(await engine.servicesOf(deploymentId)).toHaveLength(1);
      expect((await engine.imagesOf(environmentId)).filter((name) => name.startsWith(`${image}:`))).toHaveLength(1);
      expect((await engine.imagesOf(environmentId)).filter((name) => !name.includes('/'))).toEqual([]);
      expect(bed.platform.buildDirectories).toEqual([]);
    }

    it('must go on after kill -9 while cloning, and leave no git behind', async () => {
      const held = git.hold();
      const { jobId, deploymentId } = await client.deployFromGit(body());
      await held.reached;
      await bed.platform.kill9();
      await eventually(() => expect(commandLinesWith('/builds/')).toEqual([]), 5000);
      held.release();
      await bed.platform.start();
      const deployment = await client.settled(jobId, 60_000);
      expect(deployment.status, deployment.errorMessage ?? '').toBe('RUNNING');
      await expectOneOfEach(deploymentId, deployment.image);
      await client.ok('DELETE', `/deployments/${deploymentId}`);
    });

    it('must go on after kill -9 while building', async () => {
      await git.commit('interrupted', { Dockerfile: `${BUILDING}LABEL a=b\n`, 'x.txt': 'x' });
      await git.commit('interrupted', { Dockerfile: BUILDING.replace('begun', 'begun again') });
      const { jobId, deploymentId } = await client.deployFromGit({ ...body(), name: 'rebuilt' });
      await eventually(async () => expect(await client.buildLogs(deploymentId)).toContain('begun again'), 30_000);
      await bed.platform.kill9();
      await bed.platform.start();
      const deployment = await client.settled(jobId, 60_000);
      expect(deployment.status, deployment.errorMessage ?? '').toBe('RUNNING');
      expect((await engine.exec(deploymentId, 'cat', '/done')).output).toBe('done\n');
      await expectOneOfEach(deploymentId, deployment.image);
      await client.ok('DELETE', `/deployments/${deploymentId}`);
    });

    it('must end within five seconds when it is cancelled, cloning or building, and leave nothing', async () => {
      const held = git.hold();
      const cloning = await client.deployFromGit({ ...body(), name: 'cancelled' });
      await held.reached;
      await client.ok('POST', `/deployments/job/${cloning.jobId}/cancel`);
      expect(await client.settled(cloning.jobId, 5000)).toMatchObject({ errorCode: 'CANCELLED' });
      held.release();
      await git.commit('interrupted', { Dockerfile: BUILDING.replace('begun', 'begun once more').replace('5', '50') });
      const building = await client.deployFromGit({ ...body(), name: 'cancelled' });
      await eventually(
        async () => expect(await client.buildLogs(building.deploymentId)).toMatch(/#\d+ begun once more/),
        30_000,
      );
      await client.ok('POST', `/deployments/job/${building.jobId}/cancel`);
      expect(await client.settled(building.jobId, 5000)).toMatchObject({ errorCode: 'CANCELLED' });
      await eventually(() => expect(commandLinesWith('begun once more')).toEqual([]), 5000);
      expect(bed.platform.buildDirectories).toEqual([]);
      expect((await engine.imagesOf(environmentId)).filter((name) => name.includes('cancelled'))).toEqual([]);
    });
  });

  describe('with other settings', { tags: 'long' }, () => {
    it('must push what it has built where a registry is configured, and run it from there', async () => {
      await bed.platform.restart({ BUILD_REGISTRY: hub.address, BUILD_DEADLINE_SECONDS: '6' });
      await git.create('pushed', dockerApplication('pushed'));
      const body = { environmentId, gitUrl: git.url('pushed'), name: 'pushed', ports: [{ container: 80 }] };
      const deployment = await client.runFromGit(body);
      expect(deployment.image).toBe(`${hub.address}/berth/${environmentId}/pushed`);
      const path = `/v2/berth/${environmentId}/pushed/manifests/${deployment.imageDigest ?? ''}`;
      expect((await fetch(hub.url + path, { headers: { accept: MANIFEST } })).status).toBe(200);
      const [service] = await engine.servicesOf(deployment.id);
      const task = service?.Spec?.TaskTemplate as { ContainerSpec: { Image: string } };
      expect(task.ContainerSpec.Image).toBe(`${deployment.image}@${deployment.imageDigest ?? ''}`);
    });

    it('must say BUILD_TIMEOUT when the build takes too long, and end it', async () => {
      await git.create('endless', { Dockerfile: `FROM busybox:1.36\nRUN sleep 500 # ${randomUUID()}\n` });
      const { errorCode, errorMessage } = await client.failFromGit({ environmentId, gitUrl: git.url('endless') });
      expect(errorCode).toBe('BUILD_TIMEOUT');
      expect(errorMessage).toBe('The build exceeded its deadline of 6 s.');
      await eventually(() => expect(commandLinesWith('sleep 500')).toEqual([]), 5000);
    });

    it('must build nothing when the disk is nearly full', async () => {
      await bed.platform.restart({ BUILD_MIN_FREE_DISK_MB: '1000000000' });
      const { errorCode, errorMessage } = await client.failFromGit({ environmentId, gitUrl: git.url('pushed') });
      expect(errorCode).toBe('DISK_FULL');
      expect(errorMessage).toMatch(/^Only \d+ MiB of disk space are free/);
    });
  });
});
