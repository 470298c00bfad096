import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

interface PlanAnswer {
  plan: Record<string, unknown> & { steps: string[] };
}

const SWEEPS = `SELECT id FROM graphile_worker.jobs WHERE task_identifier = 'build.sweep-directories'`;
const engine = new EngineView();
let bed: GitPlatform;
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  bed = await startGitPlatform();
  client = bed.client;
  environmentId = (await client.createEnvironment()).id;
});
afterAll(() => bed?.stop());

describe('a dry run', () => {
  const ask = (path: string, body: object) =>
    client.request<PlanAnswer>('POST', path, { environmentId, dryRun: true, ...body });
  const blame = async (path: string, body: object) => {
    const { status, body: problem } = await client.request('POST', path, { environmentId, dryRun: true, ...body });
    return [status, problem.errors?.[0]?.path, problem.errors?.[0]?.message];
  };

  it('must say what a deployment would be and do, and change nothing', async () => {
    const running = await client.run({ environmentId, name: 'web', image: 'busybox', tag: '1.36', command: sh(IDLE) });
    const before = await bed.platform.counts();
    const { status, body } = await ask('/deployments', {
      name: 'web',
      image: 'busybox:1.36',
      volumes: [{ name: 'data', path: '/data' }],
    });
    expect(status).toBe(200);
    expect(body.plan).toMatchObject({
      name: 'web',
      source: 'IMAGE',
      imageDigest: running.imageDigest,
      replaces: running.id,
      strategy: 'STOP_FIRST',
    });
    expect(body.plan.steps).toContain('RetirePrevious');
    const sha = await bed.git.create('planned', dockerApplication('alpine:3.20'));
    const git = await ask('/deployments/from-git', { gitUrl: bed.git.url('planned'), branch: 'main' });
    expect(git.body.plan).toMatchObject({
      source: 'GIT',
      gitCommitSha: sha,
      imageDigest: null,
      strategy: 'START_FIRST',
    });
    expect(await bed.platform.counts()).toEqual(before);
    expect(bed.platform.buildDirectories).toEqual([]);
  });

  it('must read its sources to the end while directories that a crash left behind are removed', async () => {
    const { platform, git } = bed;
    const sha = await git.create('swept', dockerApplication('alpine:3.20'));
    const transfer = git.hold();
    const answer = ask('/deployments/from-git', { gitUrl: git.url('swept') });
    await transfer.reached;
    expect(platform.buildDirectories).toHaveLength(1);
    await platform.sql(`SELECT graphile_worker.add_job('build.sweep-directories', '{}')`);
    await eventually(async () => expect(await platform.sql(SWEEPS)).toEqual([]), 20_000);
    transfer.release();
    expect((await answer).body.plan).toMatchObject({ gitCommitSha: sha });
    expect(platform.buildDirectories).toEqual([]);
  });

  it('must name the field that a deployment would FAIL for', async () => {
    const image = expect.stringContaining('IMAGE_NOT_FOUND') as string;
    expect(await blame('/deployments', { image: 'no-such-image' })).toEqual([400, 'image', image]);
    const nowhere = { gitUrl: bed.git.url('nowhere') };
    expect(await blame('/deployments/from-git', nowhere)).toEqual([
      400,
      'gitUrl',
      expect.stringContaining('GIT_NOT_FOUND') as string,
    ]);
    await bed.git.create('branched', dockerApplication('alpine:3.20'));
    const missing = { gitUrl: bed.git.url('branched'), branch: 'no-such-branch' };
    expect(await blame('/deployments/from-git', missing)).toEqual([
      400,
      'branch',
      expect.stringContaining('GIT_REF_NOT_FOUND') as string,
    ]);
    expect(await blame('/deployments', { image: 'busybox', replicas: 99 })).toEqual([
      400,
      'replicas',
      expect.anything() as string,
    ]);
    expect(
      (await client.request('POST', '/deployments', { environmentId: 'x'.repeat(25), image: 'busybox', dryRun: true }))
        .status,
    ).toBe(404);
  });
});

it('what no row speaks of must be told to operators, and left alone', async () => {
  const orphans = async () =>
    (await client.ok<{ orphans: { name: string; kind: string }[] }>('GET', '/admin/orphans')).orphans;
  const service = await engine.docker.createService({
    Name: 'left-behind',
    Labels: { 'berth.managed': 'true', 'berth.environment': environmentId, 'berth.deployment': 'unknown' },
    TaskTemplate: { ContainerSpec: { Image: 'busybox:1.36', Command: sh(IDLE) } },
  });
  await engine.docker.createVolume({ Name: 'left-volume', Labels: { 'berth.environment': 'unknown' } });
  try {
    await eventually(async () => {
      const own = (await orphans()).filter(({ name }) => name.startsWith('left-'));
      expect(own.map(({ kind }) => kind).toSorted()).toEqual(['SERVICE', 'VOLUME']);
    }, 10_000);
    const stranger = await bed.platform.client('2', 'ENVIRONMENTS_READ');
    expect((await stranger.request('GET', '/admin/orphans')).status).toBe(403);
    expect(await engine.docker.listServices({ filters: { name: ['left-behind'] } })).toHaveLength(1);
  } finally {
    await service.remove();
    await eventually(() => engine.docker.getVolume('left-volume').remove() as Promise<unknown>, 10_000);
  }
});
