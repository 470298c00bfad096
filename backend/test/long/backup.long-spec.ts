import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Deployment, Run, RunAccepted } from '../../../clients/typescript/src/index.js';
import { dockerApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { engineMatchesRows } from '../scenario/engine-matches.js';
import { OwnPostgres } from '../scenario/own-postgres.js';
import { Platform } from '../scenario/platform.js';
import { PublicPlatform, WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { uniqueDomain, WEB_APPLICATION } from '../scenario/web-application.js';
import { eventually } from '../testbed/eventually.js';
import { GitServer } from '../testbed/git-server.js';
import { engineUnderTest } from '../testbed/testbed.js';

const MANY = Number(process.env['BERTH_BACKUP_DEPLOYMENTS'] ?? 20);
const folder = mkdtempSync(path.join(tmpdir(), 'berth-backup-'));
const file = path.join(folder, 'berth.backup');
const site = new PublicPlatform();
const domain = uniqueDomain('kept');
let git: GitServer;
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  git = await new GitServer().start();
  client = await site.start({
    DOCKER_HOST: engineUnderTest().dockerHost, // builds want a connection that is turned around
    GIT_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    GIT_CA_FILE: git.caFile,
    BUILD_MIN_FREE_DISK_MB: '1',
    MAX_RUNS_AT_ONCE_PER_USER: '1', // so that the second one is queued
  });
  ({ id: environmentId } = await client.createEnvironment('kept'));
  await client.run({ environmentId, name: 'web', ...WEB_APPLICATION, envVars: { SAYS: 'still here' } });
  await site.publish(client, environmentId, { domain });
  await git.create('shop', dockerApplication('built'));
  await client.runFromGit({ environmentId, name: 'shop', gitUrl: git.url('shop'), ports: [{ container: 80 }] });
  await client.run({
    environmentId,
    name: 'db',
    image: 'busybox',
    tag: '1.36',
    command: sh(`[ -e /data/kept ] || echo "precious $RANDOM" > /data/kept; ${IDLE}`),
    volumes: [{ name: 'data', path: '/data' }],
  });
  const many = Array.from({ length: MANY }, (_, index) =>
    client.run({ environmentId, name: `many-${index}`, image: 'busybox', tag: '1.36', command: sh(IDLE) }, 300_000),
  );
  await Promise.all(many);
  await site.secured(client, environmentId);
}, WAIT_FOR_OTHERS_MS);
afterAll(async () => {
  await site.stop();
  git.stop();
  rmSync(folder, { recursive: true });
});

const running = async () =>
  (await client.deployments(environmentId))
    .filter(({ status }) => status === 'RUNNING')
    .map(({ id, name, imageDigest, envVars, ports, volumes }) => ({ id, name, imageDigest, envVars, ports, volumes }))
    .sort((a, b) => a.name.localeCompare(b.name));

it('everything must be back on a machine that has lost it all', async () => {
  const before = await running();
  const certificate = (await client.environment(environmentId)).certificate;
  const precious = await preciousFile();
  const runs = [await startRun('RUNNING'), await startRun('PENDING')];
  let begin = Date.now();
  await site.platform.script('backup', file, '--all-volumes');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  tell(`${MANY + 3} deployments backed up in ${seconds(begin)} s: ${Math.round(statSync(file).size / 1024)} KiB`);

  await site.platform.lose();
  await loseEngine();
  const cut = path.join(folder, 'cut');
  copyFileSync(file, cut);
  truncateSync(cut, Math.floor(statSync(file).size / 2));
  const keyFile = path.join(path.dirname(site.platform.postgresDir), 'encryption.key');
  const formerKey = randomBytes(32).toString('base64');
  writeFileSync(keyFile, formerKey);
  await expect(site.platform.script('restore', cut)).rejects.toThrow(/unexpected end of file|not whole/);
  expect(readFileSync(keyFile, 'utf8')).toBe(formerKey);
  await refusesTablesOfOthers();

  begin = Date.now();
  await site.platform.script('restore', file);
  tell(`restored in ${seconds(begin)} s`);
  const kept = readdirSync(path.dirname(keyFile)).find((name) => name.startsWith('encryption.key.before-restore-'));
  expect(readFileSync(path.join(path.dirname(keyFile), kept ?? ''), 'utf8')).toBe(formerKey);
  begin = Date.now();
  await site.platform.start();
  await eventually(async () => {
    for (const { id } of before) expect(await site.engine.containersOf(id)).toHaveLength(1);
  }, 300_000);
  tell(`all of it runs ${seconds(begin)} s after the start`);
  expect(await running()).toEqual(before);
  await engineMatchesRows(site.platform, site.engine, environmentId);
  expect(await preciousFile()).toBe(precious);
  for (const id of runs) await eventually(async () => expect((await getRun(id)).errorCode).toBe('RUN_LOST'), 60_000);
  await site.expectServing(domain, 'still here\n', 90_000);
  expect((await client.environment(environmentId)).certificate).toEqual(certificate);
  const orders = site.acmeProxy.countOf(/order-plz/);
  const again = await client.run({ environmentId, name: 'web', ...WEB_APPLICATION, envVars: { SAYS: 'and goes on' } });
  expect(again.status).toBe('RUNNING');
  expect(site.acmeProxy.countOf(/order-plz/)).toBe(orders);
  await expect(site.platform.script('restore', file)).rejects.toThrow('Berth is running on this database');
}, 900_000);

async function getRun(id: string): Promise<Run> {
  return (await client.ok<{ run: Run }>('GET', `/runs/${id}`)).run;
}

async function startRun(status: string): Promise<string> {
  const url = `/environments/${environmentId}/deployments/db/runs`;
  const { runId } = await client.ok<RunAccepted>('POST', url, { command: ['sleep', '3600'] });
  await eventually(async () => expect((await getRun(runId)).status).toBe(status), 30_000);
  return runId;
}

/** A database that another application uses stays as it is. */
async function refusesTablesOfOthers(): Promise<void> {
  const postgres = new OwnPostgres();
  const shared = new Platform({ DATABASE_URL: await postgres.start() });
  await shared.sql('CREATE TABLE orders AS SELECT 1 AS number');
  await expect(shared.script('restore', file)).rejects.toThrow(/tables of another application \(orders\)/);
  expect(await shared.sql('SELECT number FROM orders')).toEqual([{ number: 1 }]);
  shared.forget();
  await postgres.stop();
}

async function preciousFile(): Promise<string> {
  const { deployments } = { deployments: await client.deployments(environmentId) };
  const db = deployments.find(({ name, status }: Deployment) => name === 'db' && status === 'RUNNING');
  return (await site.engine.exec(db?.id ?? '', 'cat', '/data/kept')).output;
}

/** As a new engine would be: no service, network, volume, config, secret, or image that was built. */
async function loseEngine(): Promise<void> {
  const { docker } = site.engine;
  const filters = { label: ['berth.managed=true'] };
  for (const { ID } of await docker.listServices({ filters })) await docker.getService(ID).remove();
  await eventually(async () => {
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove();
    for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
    for (const { ID } of await docker.listSecrets({ filters })) await docker.getSecret(ID).remove();
    for (const { ID } of await docker.listConfigs({ filters })) await docker.getConfig(ID).remove();
  }, 60_000);
  for (const name of await site.engine.imagesOf(environmentId)) await docker.getImage(name).remove({ force: true });
}

const seconds = (begin: number) => ((Date.now() - begin) / 1000).toFixed(1);
const tell = (line: string) => process.stdout.write(`${line}\n`);
