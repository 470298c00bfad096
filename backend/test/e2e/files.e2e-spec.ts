import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment, DeploymentAccepted, Orphan } from '../../../clients/typescript/src/index.js';
import type { ApiClient } from '../scenario/api-client.js';
import { scratchFolder } from '../scenario/archives.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const NGINX_CONF = (text: string) => `server { listen 8080; location / { return 200 "${text}"; } }\n`;
const CONF = '/etc/nginx/conf.d/default.conf';
const CANARY = 'canary-of-a-file-3c9d';
/** The sweep runs every minute, and Swarm lets go of an object when its service is removed. */
const SWEPT_MS = 150_000;

const platform = new Platform({ DRAIN_SECONDS: '0', MAX_FILES_MB_PER_USER: '6' });
const engine = new EngineView();
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  await platform.start();
  client = await platform.client();
  environmentId = (await client.createEnvironment()).id;
});
afterAll(() => platform.stop());

const output = async (id: string, ...command: string[]) => (await engine.exec(id, ...command)).output;

/** Swarm's configs and secrets of files: `config NAME`, `secret NAME`. */
async function objects(ofEnvironment = environmentId): Promise<string[]> {
  const filters = { label: [`berth.environment=${ofEnvironment}`] };
  const [configs, secrets] = [
    await engine.docker.listConfigs({ filters }),
    await engine.docker.listSecrets({ filters }),
  ];
  return [
    ...configs.map(({ Spec }) => `config ${Spec?.Name ?? ''}`),
    ...secrets.map(({ Spec }) => `secret ${Spec?.Name ?? ''}`),
  ];
}

/** Those that services of the environment mount. */
async function mountedObjects(): Promise<string[]> {
  const services = await engine.docker.listServices({ filters: { label: [`berth.environment=${environmentId}`] } });
  return services.flatMap(({ Spec }) => {
    const { ContainerSpec } = Spec?.TaskTemplate as { ContainerSpec: MountingSpec };
    return [
      ...(ContainerSpec.Configs ?? []).map(({ ConfigName }) => `config ${ConfigName}`),
      ...(ContainerSpec.Secrets ?? []).map(({ SecretName }) => `secret ${SecretName}`),
    ].filter((name) => name.includes('berth_file_'));
  });
}

interface MountingSpec {
  Configs?: { ConfigName: string }[];
  Secrets?: { SecretName: string }[];
}

async function release(path: string, body: object = {}): Promise<Deployment> {
  const { jobId } = await client.ok<DeploymentAccepted>('POST', path, body);
  const deployment = await client.settled(jobId, 120_000);
  expect(deployment.status, deployment.errorMessage ?? '').toBe('RUNNING');
  return deployment;
}

const byName = (name: string, verb = 'redeploy', of = environmentId) =>
  `/environments/${of}/deployments/${name}/${verb}`;

describe('files of a deployment', () => {
  it('must configure nginx, be changed one by one, and come back with a rollback', { tags: 'long' }, async () => {
    const web = await client.run({
      environmentId,
      name: 'web',
      image: 'nginx',
      tag: 'alpine',
      ports: [{ container: 8080 }],
      healthCheck: { path: '/', port: 8080 },
      files: [
        { path: CONF, content: NGINX_CONF('first') },
        { path: '/srv/other', content: 'stays' },
      ],
    });
    const answer = (id: string) => output(id, 'wget', '-qO-', 'http://127.0.0.1:8080/');
    expect(await answer(web.id)).toBe('first');
    const plan = await client.request<{ plan: { files: string[]; changes: object[] } }>('POST', byName('web'), {
      files: [{ path: CONF, content: NGINX_CONF('planned') }],
      dryRun: true,
    });
    expect(plan.body.plan).toMatchObject({
      files: [CONF, '/srv/other'],
      changes: [{ path: `files.${CONF}`, change: 'CHANGED' }],
    });
    expect(JSON.stringify(plan.body)).not.toContain('planned');
    const changed = await release(byName('web'), {
      files: [
        { path: CONF, content: NGINX_CONF('second') },
        { path: '/srv/new', content: 'new' },
      ],
    });
    expect(changed.imageDigest).toBe(web.imageDigest);
    expect(await answer(changed.id)).toBe('second');
    expect(await output(changed.id, 'cat', '/srv/other', '/srv/new')).toBe('staysnew');
    const removed = await release(byName('web'), { files: [{ path: '/srv/other', content: null }] });
    expect(removed.files.map(({ path }) => path).toSorted()).toEqual([CONF, '/srv/new']);
    const back = await release(byName('web', 'rollback'), { deploymentId: web.id });
    expect(back.files).toEqual(web.files);
    expect(await answer(back.id)).toBe('first');
  });

  it('must be mounted 64 at a time, one of 500 KB, into an image made FROM scratch', { tags: 'long' }, async () => {
    const large = randomBytes(500_000);
    const { uploadId } = await client.upload(await scratchFolder());
    const small = Array.from({ length: 63 }, (_, index) => ({ path: `/files/${index}`, content: `file ${index}` }));
    const { id } = await client.runFromUpload({
      environmentId,
      uploadId,
      name: 'scratch',
      ports: [{ container: 8080 }],
      files: [
        ...small,
        { path: '/etc/deep/large.bin', contentBase64: large.toString('base64'), mode: '0400', uid: 7, gid: 8 },
      ],
    });
    const [container = ''] = await engine.containersOf(id);
    const { State } = await engine.docker.getContainer(container).inspect();
    const inside = (path: string) => `/proc/${State.Pid}/root${path}`;
    expect(readFileSync(inside('/etc/deep/large.bin')).equals(large)).toBe(true);
    expect(readFileSync(inside('/files/62'), 'utf8')).toBe('file 62');
    const { mode, uid, gid } = statSync(inside('/etc/deep/large.bin'));
    expect([mode & 0o777, uid, gid]).toEqual([0o400, 7, 8]);
    const shown = (await client.deployment(id)).files.find(({ path }) => path.endsWith('large.bin'));
    const sha256 = createHash('sha256').update(large).digest('hex');
    expect(shown).toEqual({
      path: '/etc/deep/large.bin',
      mode: '0400',
      uid: 7,
      gid: 8,
      secret: false,
      sizeBytes: 500_000,
      sha256,
    });
  });

  it('must have mode and owner as asked, for the release command too, and be read-only', async () => {
    const files = [
      { path: '/run/key', content: 'secret', mode: '0440', uid: 1000, gid: 1001, secret: true },
      { path: '/opt/run.sh', content: '#!/bin/sh\necho "ran with $(cat /run/key)"\n', mode: '0555' },
      { path: '/opt/{{.Task.ID}} é', content: '{{.Task.ID}}\r\n' },
    ];
    const { id } = await client.run({
      environmentId,
      name: 'modes',
      image: 'busybox',
      tag: '1.36',
      command: sh(IDLE),
      releaseCommand: ['/opt/run.sh'],
      files,
    });
    expect(await output(id, 'stat', '-c', '%a %u:%g', '/run/key', '/opt/run.sh')).toBe('440 1000:1001\n555 0:0\n');
    expect(await client.buildLogs(id)).toContain('ran with secret');
    expect(await output(id, 'cat', '/opt/{{.Task.ID}} é')).toBe('{{.Task.ID}}\r\n');
    expect((await engine.exec(id, 'sh', '-c', 'echo x > /opt/run.sh')).exitCode).not.toBe(0);
  });

  it('must say what to do when the image has a folder at the path', { tags: 'long' }, async () => {
    const file = { path: '/usr', content: 'x' };
    const failed = await client.fail({ environmentId, name: 'folder', image: 'busybox', tag: '1.36', files: [file] });
    expect(failed.errorMessage).toMatch(/choose another path/);
    expect(failed.errorMessage).toContain('"/usr"');
    expect(failed.errorMessage).not.toMatch(/\/containers\/|\/var\/lib/);
  });

  it('must be found nowhere if they are secret', async () => {
    const file = { path: '/run/secret', content: CANARY, secret: true };
    const body = { environmentId, name: 'secret', image: 'busybox', tag: '1.36', command: sh(IDLE), files: [file] };
    const deployment = await client.run(body);
    expect(await output(deployment.id, 'cat', '/run/secret')).toBe(CANARY);
    expect(await output(deployment.id, 'cat', '/proc/mounts')).toMatch(/ \/run\/secret tmpfs ro/);
    expect(deployment.files).toEqual([
      { path: '/run/secret', mode: '0444', uid: 0, gid: 0, secret: true, sizeBytes: CANARY.length, sha256: null },
    ]);
    const moved = await release(byName('secret'), { files: [{ path: '/run/secret', mode: '0400' }] });
    expect(await output(moved.id, 'cat', '/run/secret')).toBe(CANARY);
    const refused = await client.request('POST', '/deployments', { ...body, files: [{ ...file, mode: 'x' }] });
    expect(refused.status).toBe(400);
    const hash = createHash('sha256').update(CANARY).digest('hex');
    const [audit, list] = [await client.ok('GET', '/audit'), await client.deployments(environmentId)];
    const events = await client.request<string>('GET', `/deployments/job/${moved.jobId}/events`);
    const containers = (await engine.docker.listContainers({ all: true })).map(({ Id }) => Id);
    const inspected = await Promise.allSettled(containers.map((id) => engine.docker.getContainer(id).inspect()));
    const configs = await engine.docker.listConfigs();
    const [services, secrets] = [await engine.docker.listServices(), await engine.docker.listSecrets()];
    const ofApi = [deployment, moved, refused.body, audit, list, events.body, await client.buildLogs(moved.id)];
    const seen = JSON.stringify([ofApi, inspected, configs, services, secrets]);
    for (const text of [seen, platform.logs, await platform.dump()]) {
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(Buffer.from(CANARY).toString('base64'));
      expect(text).not.toContain(hash.slice(0, 16));
    }
  });

  it('must come along with a promotion, but secrets only with keepEnvVars', { tags: 'long' }, async () => {
    const { id: production } = await client.createEnvironment();
    const source = await client.run({
      environmentId,
      name: 'promoted',
      image: 'busybox',
      tag: '1.36',
      command: sh(IDLE),
      files: [
        { path: '/etc/app.conf', content: 'conf' },
        { path: '/etc/key', content: 'key', secret: true },
      ],
    });
    const promote = (body: object) =>
      release(`/deployments/${source.id}/promote`, { environmentId: production, ...body });
    const plain = await promote({ files: [{ path: '/etc/more', content: 'more' }] });
    expect(plain.files.map(({ path }) => path).toSorted()).toEqual(['/etc/app.conf', '/etc/more']);
    const whole = await promote({ name: 'whole', keepEnvVars: true });
    expect(await output(whole.id, 'cat', '/etc/app.conf', '/etc/key')).toBe('confkey');
    await client.deleteEnvironment(production);
    expect(await objects(production)).toEqual([]);
  });
});

describe('configs and secrets of files', () => {
  it('must be shared by equal contents, and removed once no release uses them', { tags: 'long' }, async () => {
    const body = { environmentId, name: 'many', image: 'busybox', tag: '1.36', command: sh(IDLE) };
    const before = await objects();
    for (let index = 0; index < 8; index++) {
      const content = `release ${index}`;
      await client.run({
        ...body,
        files: [
          { path: '/etc/same', content: 'the same in every release' },
          { path: '/etc/again', content: 'the same in every release' },
          { path: '/etc/app.conf', content },
          { path: '/etc/key', content, secret: true },
        ],
      });
    }
    expect(new Set(await objects()).size).toBeGreaterThan(before.length);
    // A content that becomes a secret stays no config, which every client of the engine can read.
    const paths = ['/etc/same', '/etc/again'];
    await release(byName('many'), { files: paths.map((path) => ({ path, secret: true })) });
    await eventually(async () => expect(new Set(await objects())).toEqual(new Set(await mountedObjects())), SWEPT_MS);
    const running = (await client.deployments(environmentId)).find(({ name }) => name === 'many');
    expect(await output(running?.id ?? '', 'cat', ...paths)).toBe('the same in every release'.repeat(2));
    const orphans = await client.ok<{ orphans: Orphan[] }>('GET', '/admin/orphans');
    expect(orphans.orphans.filter(({ kind }) => kind === 'CONFIG' || kind === 'SECRET')).toEqual([]);
  });

  it('must be created again when the operator has removed them with the service', { tags: 'long' }, async () => {
    const body = { environmentId, name: 'pruned', image: 'busybox', tag: '1.36', command: sh(IDLE) };
    const { id } = await client.run({ ...body, files: [{ path: '/etc/app.conf', content: 'restored' }] });
    const [service] = await engine.servicesOf(id);
    await engine.docker.getService(service?.ID ?? '').remove();
    const [config] = await engine.docker.listConfigs({ filters: { label: [`berth.environment=${environmentId}`] } });
    await engine.docker
      .getConfig(config?.ID ?? '')
      .remove()
      .catch(() => undefined);
    await eventually(async () => expect(await engine.containersOf(id)).toHaveLength(1), 90_000);
    expect(await output(id, 'cat', '/etc/app.conf')).toBe('restored');
  });

  it('must have a limit per user that the error names', { tags: 'long' }, async () => {
    const files = () =>
      Array.from({ length: 8 }, (_, index) => ({
        path: `/f/${index}`,
        contentBase64: randomBytes(500_000).toString('base64'),
      }));
    const body = { environmentId, name: 'large', image: 'busybox', tag: '1.36', command: sh(IDLE) };
    await client.run({ ...body, files: files() }, 120_000);
    const refused = await client.request('POST', '/deployments', { ...body, files: files() });
    expect([refused.status, refused.body.code]).toEqual([409, 'RESOURCE_QUOTA_EXCEEDED']);
    expect(JSON.stringify(refused.body)).toContain('MAX_FILES_MB_PER_USER');
    const tooLarge = await client.request('POST', '/deployments', {
      ...body,
      files: [{ path: '/big', contentBase64: randomBytes(500_001).toString('base64') }],
    });
    expect([tooLarge.status, tooLarge.body.errors?.[0]?.path]).toEqual([400, 'files.0.contentBase64']);
    expect(JSON.stringify(tooLarge.body)).toMatch(/volume.*image/);
  });
});
