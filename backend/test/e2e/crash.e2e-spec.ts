import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { engineMatchesRows } from '../scenario/engine-matches.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { Moments } from '../scenario/moments.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { stepsOf, survives } from '../scenario/survives.js';
import { DEPLOY_STEP_NAMES } from '#src/modules/deployments/pipeline/steps/deploy-steps.js';

const OLD = { name: 'web', image: 'busybox', tag: '1.36', command: sh(IDLE) };
/** Everything that an image's deployment may have: all its steps. */
const COMPLETE = {
  ...OLD,
  image: 'fetched-before',
  tag: '1',
  replicas: 2,
  releaseCommand: ['sh', '-c', 'echo released'],
  volumes: [{ name: 'data', path: '/data', readOnly: true }],
  virtualHost: 'crash.example.com',
  virtualPort: 80,
};
const STOP_FIRST = { ...OLD, volumes: [{ name: 'data', path: '/data' }] };

const engine = new EngineView();
let bed: GitPlatform;
let client: ApiClient;
let moments: Moments;

beforeAll(async () => {
  bed = await startGitPlatform();
  ({ client } = bed);
  moments = await new Moments(bed.platform).open();
  await bed.git.create('shop', dockerApplication('shop'));
});
afterAll(async () => {
  await moments.close();
  const environments = await bed.platform.sql<{ id: string }>('SELECT id FROM "Environment"');
  await bed.stop();
  for (const { id } of environments) expect(await engine.leftovers(id)).toEqual([]);
});

const fromGit = () => ({ name: 'web', gitUrl: bed.git.url('shop'), ports: [{ container: 80 }] });

describe('kill -9 of the API in every moment', () => {
  it('must be tried in every step that there is', async () => {
    const { id: environmentId } = await client.createEnvironment();
    const image = await stepsOf(client, '/deployments', { environmentId, ...COMPLETE, image: 'busybox', tag: '1.36' });
    const git = await stepsOf(client, '/deployments/from-git', { environmentId, ...fromGit() });
    expect(new Set([...image, ...git])).toEqual(new Set(DEPLOY_STEP_NAMES));
  });

  it('of a release, before its containers start, while they start, and at its end', async () => {
    const { id: environmentId } = await client.createEnvironment();
    const steps = await stepsOf(client, '/deployments', { environmentId, ...OLD });
    await client.run({ environmentId, ...OLD });
    const killIn = ['StartService begins', 'AwaitHealthy begins', 'RetirePrevious ends'];
    await survives(moments, client, environmentId, { steps, killIn }, () => client.deploy({ environmentId, ...OLD }));
  });

  it('of a release from an image', { tags: 'long' }, async () => {
    const { id: environmentId } = await client.createEnvironment();
    const steps = await stepsOf(client, '/deployments', { environmentId, ...COMPLETE, image: 'busybox', tag: '1.36' });
    await client.run({ environmentId, ...OLD });
    await engine.forgetImage(COMPLETE.image);
    const deployment = await survives(moments, client, environmentId, { steps }, () =>
      client.deploy({ environmentId, ...COMPLETE }),
    );
    expect((await client.buildLogs(deployment.id)).match(/released/g)).toHaveLength(1);
  });

  it('of a release from a repository, in the steps that an image does not have', { tags: 'long' }, async () => {
    const { id: environmentId } = await client.createEnvironment();
    await client.run({ environmentId, ...OLD });
    const steps = await stepsOf(client, '/deployments/from-git', { environmentId, ...fromGit() });
    const ofImage = await stepsOf(client, '/deployments', { environmentId, ...OLD, releaseCommand: ['true'] });
    const own = steps.filter((step) => !ofImage.includes(step));
    const next = steps[steps.indexOf(own.at(-1) ?? '') + 1];
    const killIn = [...own, next].map((step) => `${step} begins`);
    await survives(moments, client, environmentId, { steps, killIn }, () =>
      client.deployFromGit({ environmentId, ...fromGit() }),
    );
    expect(await engine.imagesOf(environmentId)).toHaveLength(1);
    expect(bed.platform.buildDirectories).toEqual([]);
  });

  it('of a release that fails: the old one serves', { tags: 'long' }, async () => {
    const { id: environmentId } = await client.createEnvironment();
    const old = await client.run({ environmentId, ...STOP_FIRST });
    const killIn = ['AwaitHealthy begins', 'AwaitHealthy fails', 'verdict', 'deployment FAILED'];
    const { jobId } = await moments.killIn(killIn, () =>
      client.deploy({ environmentId, ...STOP_FIRST, command: ['false'] }),
    );
    expect(await client.settled(jobId)).toMatchObject({ status: 'FAILED', errorCode: 'CONTAINER_CRASHED' });
    await engine.expectContainers(old.id, 1, 30_000);
    expect((await client.job(old.jobId)).status).toBe('RUNNING');
    await engineMatchesRows(bed.platform, engine, environmentId);
  });

  it('of a removal, of a deployment and of an environment', { tags: 'long' }, async () => {
    const { id: environmentId } = await client.createEnvironment();
    const removed = await client.run({ environmentId, ...OLD, name: 'removed' });
    await client.run({ environmentId, ...OLD, volumes: [{ name: 'data', path: '/data' }] });
    await moments.killIn(['deployment STOPPED'], () => client.ok('DELETE', `/deployments/${removed.id}`));
    await client.expectStatus(removed.jobId, 'STOPPED', 30_000);
    await engineMatchesRows(bed.platform, engine, environmentId);
    await moments.killIn(['deployment STOPPED', 'environment DELETED'], () =>
      client.ok('DELETE', `/environments/${environmentId}`),
    );
    await client.expectEnvironment(environmentId, 'DELETED', 60_000);
    expect(await engine.leftovers(environmentId)).toEqual([]);
  });
});
