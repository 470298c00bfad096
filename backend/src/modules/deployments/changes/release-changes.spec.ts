import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { DomainError } from '#src/common/errors/domain-error.js';
import { type JsonObject, omit } from '#src/common/merge-patch.js';
import { Clock } from '#src/common/time/clock.js';
import { IdSource } from '#src/common/time/id-source.js';
import { validated } from '#src/common/validation.pipe.js';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { type Deployment, Prisma } from '#src/generated/prisma/client.js';
import { RegistryPolicy } from '#src/integrations/docker/registry-policy.js';
import { EgressPolicy } from '#src/integrations/git/egress-policy.js';
import {
  CLONED,
  DeploymentFactory,
  keptImage,
  type NewDeployment,
} from '#src/modules/deployments/deployment-factory.js';
import type { FileContents } from '#src/modules/deployments/domain/release-file.js';
import { RedeployDto } from '#src/modules/deployments/dto/redeploy.dto.js';
import { changedRequest, changeErrors, keepsImage } from './changed-request.js';
import { fieldChanges } from './field-changes.js';
import { REQUESTS, storedRequestOf } from './stored-request.js';

const ENCRYPTION_KEY = '0'.repeat(64);
const config = Config.load({ ENCRYPTION_KEY }, '/no/such/file');
const secrets = new SecretBox(config);
const factory = new DeploymentFactory(
  config,
  secrets,
  new IdSource(),
  new Clock(),
  new EgressPolicy(config),
  new RegistryPolicy(config),
);

const PLACE = { environmentId: 'env1', name: 'api' };
const RUN = {
  replicas: 2,
  ports: [{ container: 8080, protocol: 'tcp' }],
  envVars: { A: '1', B: 'two', SECRET: '{{x}} "quoted"\n' },
  volumes: [{ name: 'data', path: '/data', readOnly: true }],
  tmpfs: [{ path: '/scratch', sizeMb: 8 }],
  files: [
    { path: '/etc/app.conf', contentBase64: 'YXBw', mode: '0444', uid: 0, gid: 0, secret: false },
    { path: '/run/key', contentBase64: 'a2V5', mode: '0400', uid: 1000, gid: 1001, secret: true },
  ],
  command: ['serve'],
  releaseCommand: ['migrate'],
  drainSeconds: 7,
  healthCheck: { path: '/healthz', intervalSeconds: 3 },
  resources: { cpus: 0.5, memoryMb: 64, pids: 32, shmMb: 16 },
  capabilities: ['CHOWN'],
  init: false,
  stopGraceSeconds: 30,
  stopSignal: 'SIGINT',
};
const BUILD = {
  buildContext: 'services/api',
  dockerfile: 'docker/Dockerfile',
  baseImage: 'node:24',
  installCommand: 'npm ci',
  buildCommand: 'npm run build',
  startCommand: 'npm start',
  target: 'production',
  buildArgs: { VERSION: '1' },
  buildEnvVars: true,
  buildSecrets: { npmrc: 'token=1' },
  registryAuth: { username: 'acme', password: 'pass', registry: 'ghcr.io' },
};
const IMAGE = { ...RUN, image: 'ghcr.io/acme/api', tag: '1.3', registryAuth: { username: 'acme', password: 'pass' } };
const GIT = {
  ...RUN,
  ...BUILD,
  gitUrl: 'https://github.com/acme/api.git',
  branch: 'main',
  commit: 'a'.repeat(40),
  submodules: true,
  gitAuth: { token: 'token', username: 'acme' },
};
const UPLOAD = { ...RUN, ...BUILD, uploadId: 'upload1' };
const BODIES = { IMAGE, GIT, UPLOAD };

const DIGEST = `sha256:${'d'.repeat(64)}`;

/** Of the row that was made last. */
let contents: FileContents = new Map();

async function rowOf(source: keyof typeof BODIES, body: JsonObject = BODIES[source]): Promise<Deployment> {
  const full = { ...body, ...PLACE };
  let made: NewDeployment;
  if (source === 'IMAGE') made = factory.fromImage(await validated(REQUESTS.IMAGE, full));
  else if (source === 'GIT') made = factory.fromGit(await validated(REQUESTS.GIT, full));
  else made = factory.fromUpload(await validated(REQUESTS.UPLOAD, full));
  contents = made.contents ?? contents;
  const row: object = { id: 'deployment1', status: 'RUNNING', rollbackOfId: null, ...made.data };
  return row as Deployment;
}

const requestOf = async (source: keyof typeof BODIES, body?: JsonObject) =>
  rowOf(source, body).then((row) => storedRequestOf(row, secrets, contents));
const changed = async (source: keyof typeof BODIES, patch: JsonObject, body?: JsonObject) =>
  changedRequest(await requestOf(source, body), patch);

describe('the request of a release', () => {
  it.each(['IMAGE', 'GIT', 'UPLOAD'] as const)('must be read back whole from its row: %s', async (source) => {
    const { shown, secret } = await requestOf(source);
    expect({ ...shown, ...secret }).toEqual(BODIES[source]);
  });

  it.each([
    [{ tcpPort: 81 }, { tcpPort: 81 }],
    [
      { command: ['true'], retries: 9 },
      { command: ['true'], retries: 9 },
    ],
    [{ disabled: true }, { disabled: true }],
    [{ path: '/', port: 8080 }, { path: '/' }],
    [
      { path: '/', port: 9000 },
      { path: '/', port: 9000 },
    ],
    [{ timeoutSeconds: 9 }, { timeoutSeconds: 9 }],
    [undefined, undefined],
  ])('must have the health check %j as %j', async (healthCheck, stored) => {
    const { shown } = await requestOf('IMAGE', { ...IMAGE, healthCheck });
    expect(shown['healthCheck']).toEqual(stored);
  });

  it('must have the digest of a reference by digest only', async () => {
    const { shown } = await requestOf('IMAGE', { image: `nginx@${DIGEST}` });
    expect([shown['image'], shown['tag']]).toEqual([`nginx@${DIGEST}`, undefined]);
    const tagged = storedRequestOf({ ...(await rowOf('IMAGE')), imageDigest: DIGEST }, secrets, contents).shown;
    expect([tagged['image'], tagged['tag']]).toEqual(['ghcr.io/acme/api', '1.3']);
  });

  it('must make the same row again', async () => {
    for (const source of ['IMAGE', 'GIT', 'UPLOAD'] as const) {
      const row = await rowOf(source);
      const { shown, secret } = storedRequestOf(row, secrets, contents);
      const again = await rowOf(source, { ...shown, ...secret });
      const sealed = { envVars: '', buildArgs: '', buildSecrets: '', gitAuth: '', registryAuth: '' };
      const plain = { jobId: '', createdAt: '', tag: '', ...sealed };
      expect({ ...again, ...plain }).toEqual({ ...row, ...plain });
    }
  });
});

describe('a change', () => {
  it('must merge variables by name, and leave everything else as it is', async () => {
    const patch = { envVars: { B: '2', SECRET: null, NEW: 'n' } };
    expect(await changed('GIT', patch)).toEqual({ ...GIT, envVars: { A: '1', B: '2', NEW: 'n' } });
  });

  it('must merge files by path, and show of them only the paths', async () => {
    const patch = {
      files: [
        { path: '/run/key', content: null },
        { path: '/etc/app.conf', mode: '0400' },
        { path: '/new', content: 'n' },
      ],
    };
    const stored = await requestOf('IMAGE');
    const after = changedRequest(stored, patch);
    expect(after['files']).toEqual([
      { ...RUN.files[0], mode: '0400' },
      { path: '/new', content: 'n' },
    ]);
    expect(fieldChanges(stored, after)).toEqual([
      { path: 'files./etc/app.conf', change: 'CHANGED' },
      { path: 'files./run/key', change: 'REMOVED' },
      { path: 'files./new', change: 'ADDED' },
    ]);
    expect(keepsImage(stored, patch, undefined)).toBe(true);
    expect(await validated(RedeployDto, patch)).toEqual(patch);
  });

  it('must remove what is null, and replace lists', async () => {
    const patch = { replicas: null, resources: { cpus: null, pids: 9 }, ports: [{ container: 1 }], command: null };
    const expected = {
      ...omit(IMAGE, 'replicas', 'command'),
      resources: { memoryMb: 64, pids: 9, shmMb: 16 },
      ports: [{ container: 1 }],
    };
    expect(await changed('IMAGE', patch)).toEqual(expected);
  });

  it('must move the health check to another kind, and keep its timing', async () => {
    const { healthCheck } = await changed('IMAGE', { healthCheck: { tcpPort: 8080 } });
    expect(healthCheck).toEqual({ tcpPort: 8080, intervalSeconds: 3 });
  });

  it.each([
    [{ image: 'ghcr.io/acme/api:2' }, { image: 'ghcr.io/acme/api:2', tag: undefined }],
    [{ tag: '1.4' }, { image: 'ghcr.io/acme/api', tag: '1.4' }],
    [{ tag: null }, { image: 'ghcr.io/acme/api', tag: undefined }],
  ])('must make %j of an image to %j', async (patch, { image, tag }) => {
    const body = await changed('IMAGE', patch);
    expect([body['image'], body['tag']]).toEqual([image, tag]);
  });

  it('must replace a digest by a tag, and a commit by a branch', async () => {
    const { image, tag } = await changed('IMAGE', { tag: '2' }, { image: `nginx@${DIGEST}` });
    expect([image, tag]).toEqual(['nginx', '2']);
    const git = await changed('GIT', { branch: 'next' });
    expect([git['branch'], git['commit']]).toEqual(['next', undefined]);
    const pinned = await changed('GIT', { branch: 'next', commit: 'b'.repeat(40) });
    expect([pinned['branch'], pinned['commit']]).toEqual(['next', 'b'.repeat(40)]);
  });

  it('must never send stored credentials to another host', async () => {
    const errors = async (source: keyof typeof BODIES, patch: JsonObject) =>
      changeErrors(source, await requestOf(source), patch, undefined).map(({ path }) => path);
    expect(await errors('IMAGE', { image: 'evil.example/api' })).toEqual(['registryAuth']);
    expect(await errors('IMAGE', { image: 'ghcr.io/other/api' })).toEqual([]);
    expect(await errors('IMAGE', { image: 'evil.example/api', registryAuth: null })).toEqual([]);
    expect(await errors('GIT', { gitUrl: 'https://evil.example/x' })).toEqual(['gitAuth']);
    expect(await errors('GIT', { gitUrl: 'https://github.com:8443/x' })).toEqual(['gitAuth']);
    expect(await errors('GIT', { gitUrl: 'https://github.com/acme/other' })).toEqual([]);
    const auth = { username: 'acme', password: 'pass', registry: 'ghcr.io' };
    const named = { shown: {}, secret: { registryAuth: auth }, secretNames: ['registryAuth'] };
    const moved = (registry: string | null) => changedRequest(named, { registryAuth: { registry } })['registryAuth'];
    expect(moved('evil.example')).toEqual({ registry: 'evil.example' });
    expect(moved(null)).toEqual({});
    expect(moved('ghcr.io')).toEqual(auth);
    const unnamed = { shown: {}, secret: { registryAuth: IMAGE.registryAuth }, secretNames: ['registryAuth'] };
    expect(changedRequest(unnamed, { baseImage: 'evil.example/x' })).toEqual({ baseImage: 'evil.example/x' });
    expect(changedRequest(unnamed, { startCommand: 'x' })['registryAuth']).toEqual(IMAGE.registryAuth);
    const partly = await changed('IMAGE', { image: 'evil.example/api', registryAuth: { username: 'x' } });
    expect(partly['registryAuth']).toEqual({ username: 'x' });
    const half = await changed('GIT', { gitUrl: 'https://evil.example/x', gitAuth: { username: 'x' } });
    expect(half['gitAuth']).toEqual({ username: 'x' });
  });

  it('must keep the image unless a field is about the image or the source', async () => {
    const stored = await requestOf('IMAGE');
    const kept = [{ envVars: {} }, { replicas: null }, { healthCheck: {}, resources: {} }, { ttlSeconds: 60 }];
    const resolved = [
      { tag: '2' },
      { branch: 'x', envVars: {} },
      { buildArgs: {} },
      { gitAuth: {} },
      { uploadId: 'x' },
    ];
    const keeps = (patch: JsonObject, asked?: boolean) => keepsImage(stored, patch, asked);
    expect(kept.map((patch) => keeps(patch))).toEqual([true, true, true, true]);
    expect(resolved.map((patch) => keeps(patch))).toEqual([false, false, false, false, false]);
    expect([keeps({}), keeps({}, true), keeps({ envVars: {} }, false)]).toEqual([false, true, false]);
    const passing = await requestOf('GIT');
    expect([keepsImage(passing, { envVars: {} }, undefined), keepsImage(passing, { replicas: 1 }, undefined)]).toEqual([
      false,
      true,
    ]);
  });

  it('must name the fields that the source does not have, or that contradict keepImage', async () => {
    const stored = await requestOf('IMAGE');
    expect(changeErrors('IMAGE', stored, { gitUrl: null, buildArgs: {}, replicas: 1 }, undefined)).toEqual([
      { path: 'gitUrl', message: 'is not a field of a deployment from an image' },
      { path: 'buildArgs', message: 'is not a field of a deployment from an image' },
    ]);
    expect(changeErrors('IMAGE', stored, { tag: '2', registryAuth: null }, true)).toEqual([
      { path: 'tag', message: 'cannot be combined with keepImage' },
    ]);
  });

  it('must show what differs, and of secrets the names only', async () => {
    const stored = await requestOf('IMAGE', { ...IMAGE, registryAuth: undefined });
    const patch = {
      envVars: { A: null, B: 'new', C: 'c' },
      registryAuth: { username: 'u', password: 'p' },
      tag: '1.4',
      replicas: null,
      healthCheck: { retries: 5 },
    };
    const changes = fieldChanges(stored, changedRequest(stored, patch));
    expect(changes.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: 'envVars.A', change: 'REMOVED' },
      { path: 'envVars.B', change: 'CHANGED' },
      { path: 'envVars.C', change: 'ADDED' },
      { path: 'healthCheck.retries', change: 'ADDED', to: 5 },
      { path: 'registryAuth.password', change: 'ADDED' },
      { path: 'registryAuth.username', change: 'ADDED' },
      { path: 'replicas', change: 'REMOVED', from: 2 },
      { path: 'tag', change: 'CHANGED', from: '1.3', to: '1.4' },
    ]);
  });
});

describe('the body of a redeploy', () => {
  const refused = (body: object) =>
    validated(RedeployDto, body).then(
      () => [],
      (error: unknown) => (error as DomainError).options.errors?.map(({ path }) => path),
    );

  it('must be returned as it was sent, so that no default is a change', async () => {
    const body = { envVars: { A: null }, healthCheck: { path: null }, registryAuth: { username: 'x' }, tag: null };
    expect(await validated(RedeployDto, body)).toEqual(body);
    expect(await validated(RedeployDto, {})).toEqual({});
  });

  it('must have no unknown field, no wrong value and no null in a list', async () => {
    expect(await refused({ surprise: null })).toEqual(['surprise']);
    expect(await refused({ healthCheck: { surprise: null } })).toEqual(['healthCheck.surprise']);
    expect(await refused({ environmentId: 'x' })).toEqual(['environmentId']);
    expect(await refused({ replicas: 99, tag: 1 })).toEqual(expect.arrayContaining(['replicas', 'tag']));
    expect(await refused({ ports: [{ container: null }] })).toEqual(['ports.0.container']);
    expect(await refused({ keepImage: 'yes' })).toEqual(['keepImage']);
  });
});

it('a clone must copy, or leave out on purpose, every column of a deployment', () => {
  const image = Object.keys(keptImage({ build: {} } as Deployment));
  const own = [
    ...['id', 'jobId', 'createdAt', 'updatedAt', 'startedAt', 'completedAt', 'expiresAt', 'source', 'isChange'],
    ...['status', 'progress', 'errorCode', 'errorMessage', 'attempt', 'deadlineAt', 'releaseCommandDoneAt'],
    ...['cancelRequestedAt', 'deleteRequestedAt', 'deletedAt', 'deleteVolumes'],
    // Placement chooses the node; a name gets its times and its claim with the row.
    ...['nodeId', 'node', 'envVarsUpdatedAt', 'virtualHost', 'virtualPort'],
  ];
  const columns = Object.keys(Prisma.DeploymentScalarFieldEnum);
  expect(columns.filter((column) => ![...CLONED, ...image, ...own].includes(column))).toEqual([]);
});
