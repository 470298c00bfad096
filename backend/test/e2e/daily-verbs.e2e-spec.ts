import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment, DeploymentAccepted } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { dockerApplication } from '../scenario/applications.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

interface PlanAnswer {
  plan: { imageDigest: string; steps: string[]; changes: { path: string; change: string; from?: unknown }[] };
}

/** Values that a shell, JSON, a template of Swarm and a line-based format could each get wrong. */
const secretOf = (index: number) => `s3cret-${index} "q" 'a' $HOME \`x\` \\ {{.Node.ID}} = é\t#${index}\nline two`;
const VARIABLES = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`SECRET_${index}`, secretOf(index)]));
const RESOLVING = ['ResolveImage', 'FetchSource', 'BuildImage', 'PushImage'];

const engine = new EngineView();
let bed: GitPlatform;
let client: ApiClient;
let staging: string;
let production: string;

beforeAll(async () => {
  bed = await startGitPlatform();
  client = bed.client;
  staging = (await client.createEnvironment('staging')).id;
  production = (await client.createEnvironment('production')).id;
});
afterAll(() => bed?.stop());

const byName = (name: string, verb = 'redeploy', environmentId = staging) =>
  `/environments/${environmentId}/deployments/${name}/${verb}`;

async function release(path: string, body: object = {}): Promise<Deployment> {
  const { jobId } = await client.ok<DeploymentAccepted>('POST', path, body);
  const deployment = await client.settled(jobId, 120_000);
  expect(deployment.status, deployment.errorMessage ?? '').toBe('RUNNING');
  return deployment;
}

/** The variables of the container, as the process has them. */
async function environmentOf({ id }: Deployment): Promise<Record<string, string>> {
  const { output } = await engine.exec(id, 'cat', '/proc/1/environ');
  const pairs = output.split('\0').filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

const secretsIn = (variables: Record<string, string>) =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith('SECRET_')));
const namesOf = ({ steps }: Deployment) => steps.map(({ name }) => name);

describe('a change of one variable', () => {
  let first: Deployment;
  let changed: Deployment;

  beforeAll(async () => {
    first = await client.run({
      environmentId: staging,
      name: 'api',
      image: 'busybox:1.36',
      command: sh(IDLE),
      releaseCommand: sh('echo "migrating $SECRET_3"'),
      envVars: VARIABLES,
      volumes: [{ name: 'data', path: '/data' }],
      healthCheck: { command: ['true'], intervalSeconds: 2 },
      resources: { memoryMb: 32 },
    });
  });

  it('must leave the rest as it is, byte for byte, with the same image', async () => {
    changed = await release(`/deployments/${first.id}/redeploy`, { envVars: { SECRET_3: 'changed' } });
    expect(await environmentOf(changed)).toMatchObject({ ...VARIABLES, SECRET_3: 'changed' });
    const { volumes, healthCheck, resources, imageDigest, command, image, tag } = first;
    expect(changed).toMatchObject({ volumes, healthCheck, resources, imageDigest, command, image, tag });
    expect(namesOf(changed).filter((name) => RESOLVING.includes(name))).toEqual([]);
    expect(await client.buildLogs(changed.id)).toContain('migrating changed');
    const { SECRET_3: time, ...others } = changed.envVarsUpdatedAt;
    expect(time).toBe(changed.createdAt);
    expect(others).toEqual(
      Object.fromEntries(Object.entries(first.envVarsUpdatedAt).filter(([name]) => name in others)),
    );
    const audited = await bed.platform.sql<{ detail: unknown }>(`SELECT detail FROM "AuditEvent" WHERE target = $1`, [
      changed.id,
    ]);
    expect(audited).toEqual([{ detail: { of: first.id, changes: ['envVars.SECRET_3'] } }]);
  });

  it('must be shown by a dry run without a value, and change nothing', async () => {
    // The events of the containers that run come when they come.
    const counts = async () => ({ ...(await bed.platform.counts()), DeploymentEvent: 0 });
    const before = await counts();
    const { status, body } = await client.request<PlanAnswer>('POST', byName('api'), {
      envVars: { SECRET_1: null, NEW: 'hidden-value' },
      replicas: 2,
      dryRun: true,
    });
    expect([status, body.plan?.imageDigest]).toEqual([200, first.imageDigest]);
    expect(body.plan.changes).toEqual([
      { path: 'replicas', change: 'CHANGED', from: 1, to: 2 },
      { path: 'envVars.SECRET_1', change: 'REMOVED' },
      { path: 'envVars.NEW', change: 'ADDED' },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/hidden-value|s3cret/);
    expect(body.plan.steps.filter((name) => RESOLVING.includes(name))).toEqual([]);
    expect(await counts()).toEqual(before);
  });

  it('must remove what is null, and be taken back by a rollback', { tags: 'long' }, async () => {
    const before = secretsIn(await environmentOf((await client.deployments(staging))[0] ?? first));
    const removed = await release(byName('api'), { envVars: { SECRET_4: null }, healthCheck: null, volumes: null });
    expect(await environmentOf(removed)).not.toHaveProperty('SECRET_4');
    expect([removed.healthCheck, removed.volumes, removed.command]).toEqual([null, [], first.command]);
    const back = await release(byName('api', 'rollback'));
    expect(secretsIn(await environmentOf(back))).toEqual(before);
    expect([back.volumes, back.healthCheck]).toEqual([first.volumes, first.healthCheck]);
  });

  it('must be refused when another release is the newest, and name what is wrong', async () => {
    const refused = await client.request('POST', byName('api'), { envVars: { X: '1' }, ifDeploymentId: first.id });
    expect([refused.status, refused.body.code]).toEqual([409, 'DEPLOYMENT_STATUS_CONFLICT']);
    for (const [body, path] of [
      [{ surprise: null }, 'surprise'],
      [{ healthCheck: { surprise: 1 } }, 'healthCheck.surprise'],
      [{ envVars: { 'X=': 'y' } }, 'envVars.X='],
      [{ gitUrl: 'https://example.com/x' }, 'gitUrl'],
      [{ tag: '1', keepImage: true }, 'tag'],
      [{ ports: [{ container: null }] }, 'ports.0.container'],
    ] as const) {
      const { status, body: problem } = await client.request('POST', byName('api'), body);
      expect([status, problem.errors?.[0]?.path], JSON.stringify(problem)).toEqual([400, path]);
    }
  });

  it('must not be lost among concurrent ones, by name and by an id', { tags: 'long' }, async () => {
    const before = Object.keys((await client.deployments(staging))[0]?.envVars ?? {});
    const names = Array.from({ length: 20 }, (_, index) => `RACE_${index}`);
    const accepted = await Promise.all(
      names.map((name, index) =>
        client.ok<DeploymentAccepted>('POST', index % 2 ? byName('api') : `/deployments/${first.id}/redeploy`, {
          envVars: { [name]: name },
        }),
      ),
    );
    await Promise.all(accepted.map(({ jobId }) => client.settled(jobId, 120_000)));
    const [newest] = await client.deployments(staging);
    expect(newest?.status).toBe('RUNNING');
    expect(Object.keys(newest?.envVars ?? {}).toSorted()).toEqual([...before, ...names].toSorted());
  });

  it('must not be made from a release that has FAILED, unless that one is named', { tags: 'long' }, async () => {
    const broken = { envVars: { BROKEN: '1' }, command: sh('exit 3') };
    const { jobId, deploymentId } = await client.ok<DeploymentAccepted>('POST', byName('api'), broken);
    expect((await client.settled(jobId)).status).toBe('FAILED');
    const after = await release(byName('api'), { envVars: { AFTER: '1' } });
    expect([after.command, after.envVars['BROKEN']]).toEqual([first.command, undefined]);
    const again = await client.ok<DeploymentAccepted>('POST', byName('api'), broken);
    expect((await client.settled(again.jobId)).status).toBe('FAILED');
    const corrected = await release(`/deployments/${again.deploymentId}/redeploy`, { command: sh(IDLE) });
    expect(corrected.envVars).toHaveProperty('BROKEN');
    expect(deploymentId).not.toBe(again.deploymentId);
  });
});

describe('verbs by name', { tags: 'long' }, () => {
  it('must stop, start and redeploy, and answer 404 for a name that was never there', async () => {
    await client.run({ environmentId: staging, name: 'worker', image: 'busybox:1.36', command: sh(IDLE) });
    const { deployment } = await client.ok<{ deployment: Deployment }>('POST', byName('worker', 'stop'));
    await client.expectDeployment(deployment.id, 'STOPPED', 30_000);
    const started = await release(byName('worker', 'start'));
    expect((await release(byName('worker'), {})).imageDigest).toBe(started.imageDigest);
    for (const verb of ['redeploy', 'rollback', 'stop', 'start']) {
      const nobody = await client.request('POST', byName('nobody', verb), verb === 'redeploy' ? { replicas: 1 } : {});
      expect([nobody.status, nobody.body.code]).toEqual([404, 'DEPLOYMENT_NOT_FOUND']);
    }
  });
});

describe('a built deployment', { tags: 'long' }, () => {
  let built: Deployment;

  beforeAll(async () => {
    await bed.git.create('daily', dockerApplication('daily'));
    built = await client.runFromGit({
      environmentId: staging,
      name: 'web',
      gitUrl: bed.git.url('daily'),
      envVars: { STAGE: 'staging', ONLY_STAGING: '1' },
      ports: [{ container: 80 }],
    });
  });

  it('must neither be cloned nor built for a changed variable', async () => {
    const changed = await release(byName('web'), { envVars: { STAGE: 'changed' } });
    expect(changed).toMatchObject({ imageDigest: built.imageDigest, gitCommitSha: built.gitCommitSha });
    expect(namesOf(changed).filter((name) => RESOLVING.includes(name))).toEqual([]);
    expect((await environmentOf(changed))['STAGE']).toBe('changed');
  });

  it('must be promoted with its image and the variables of the other environment, and be rolled back there', async () => {
    const path = `/deployments/${built.id}/promote`;
    const first = await release(path, { environmentId: production, envVars: { STAGE: 'production', SECRET: 'prod' } });
    expect(first).toMatchObject({ environmentId: production, imageDigest: built.imageDigest, name: 'web' });
    expect(first.envVars).toEqual({ STAGE: '***', SECRET: '***' });
    const second = await release(path, { environmentId: production, envVars: { SECRET: null, MORE: '1' } });
    expect(second.envVars).toEqual({ STAGE: '***', MORE: '***' });
    expect((await environmentOf(second))['STAGE']).toBe('production');
    const kept = await release(path, { environmentId: production, keepEnvVars: true });
    expect(kept.envVars).toEqual({ STAGE: '***', ONLY_STAGING: '***' });
    const back = await release(byName('web', 'rollback', production));
    expect([back.imageDigest, back.envVars]).toEqual([built.imageDigest, { STAGE: '***', MORE: '***' }]);
    const stranger = await bed.platform.client('2');
    const { id } = await stranger.createEnvironment('theirs');
    const theirs = await client.request('POST', path, { environmentId: id });
    expect([400, 404]).toContain(theirs.status);
  });

  it('must keep its image for the environment that it was promoted to', async () => {
    await client.deleteEnvironment(staging);
    await eventually(async () => expect(await engine.servicesOf(built.id)).toEqual([]), 30_000);
    const changed = await release(byName('web', 'redeploy', production), { envVars: { STAGE: 'alone' } });
    expect(changed.imageDigest).toBe(built.imageDigest);
  });
});
