import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireStartLock } from '#src/core/database/start-lock.js';
import { EngineView } from '../scenario/engine-view.js';
import { WAIT_FOR_OTHERS_MS } from '../scenario/public-platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { AcmeServer } from '../testbed/acme-server.js';
import { composeProgram } from '../testbed/compose.js';
import { packageEnvironment } from '../testbed/debian-roots.js';
import { eventually } from '../testbed/eventually.js';
import { freePort } from '../testbed/free-port.js';
import { runCommand } from '../testbed/run-command.js';
import { stateDir } from '../testbed/state-dir.js';
import { engineUnderTest } from '../testbed/testbed.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Of the bridge that every engine has: where containers find the machine. */
const MACHINE = '172.17.0.1';
const DOMAIN = 'berth.example.com';
const MIB = 2 ** 20;

const engine = new EngineView();
const folder = mkdtempSync(path.join(tmpdir(), 'berth-compose-'));
let acme: AcmeServer;
let httpsPort = 0;
let authority = '';
let unlock: () => Promise<void>;
let compose: (...args: string[]) => Promise<string>;
let key = '';

interface Answer<T> {
  status: number;
  body: T;
}

/** By the platform's public name, over HTTPS, verified: the only way in. */
function call<T>(method: string, target: string, body?: object): Promise<Answer<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer<T>>();
  const options = {
    host: '127.0.0.1',
    port: httpsPort,
    servername: DOMAIN,
    ca: authority,
    agent: false,
    method,
    path: target,
    headers: { host: DOMAIN, 'x-api-key': key, 'content-type': 'application/json' },
  };
  const outgoing = request(options, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as T }));
  });
  outgoing.once('error', reject);
  outgoing.end(body && JSON.stringify(body));
  return promise;
}

beforeAll(async () => {
  unlock = await acquireStartLock(stateDir.run, WAIT_FOR_OTHERS_MS);
  const httpPort = await freePort();
  httpsPort = await freePort();
  acme = await new AcmeServer(httpPort, MACHINE).start();
  authority = await acme.issuedRoot();
  const secrets = path.join(folder, 'secrets');
  mkdirSync(secrets, { mode: 0o700 });
  writeFileSync(path.join(secrets, 'encryption_key'), `${Buffer.alloc(32, 5).toString('base64')}\n`);
  writeFileSync(path.join(secrets, 'postgres_password'), 'not/a@word:easily+sent\n');
  const settings = {
    INGRESS_HTTP_PORT: httpPort,
    INGRESS_HTTPS_PORT: httpsPort,
    ACME_DIRECTORY_URL: acme.directoryUrl.replace('localhost', 'acme-server'),
    ACME_CA_FILE: '/acme-ca.pem',
    DNS_SERVERS: acme.dnsServer,
    DNS_CHECK: 'off',
    DEPLOY_RATE_LIMIT_MAX: 1000,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(path.join(folder, 'berth.env'), lines.join(''));
  const arguments_ = packageEnvironment().map((pair) => pair.split(/=(.*)/s).slice(0, 2));
  writeFileSync(
    path.join(folder, 'override.yml'),
    JSON.stringify({
      services: {
        api: {
          build: { args: Object.fromEntries(arguments_) as Record<string, string> },
          extra_hosts: [`acme-server:${MACHINE}`],
          volumes: [`${acme.caFile}:/acme-ca.pem:ro`],
        },
      },
    }),
  );
  const program = await composeProgram();
  const env = {
    DOCKER_HOST: engineUnderTest().dockerHost,
    PUBLIC_BASE_URL: `https://${DOMAIN}`,
    DOCKER_GID: (await runCommand('stat', ['-c', '%g', engineUnderTest().socketPath])).trim(),
    BERTH_ENV_FILE: path.join(folder, 'berth.env'),
    BERTH_SECRETS: secrets,
    DOCKER_BUILDKIT: '1',
  };
  const files = ['-f', path.join(ROOT, 'docker-compose.prod.yml'), '-f', path.join(folder, 'override.yml')];
  compose = (...args) => runCommand(program, [...files, ...args], ROOT, env);
}, WAIT_FOR_OTHERS_MS);

afterAll(async () => {
  if (key) await call('DELETE', `/environments/${environmentId}`).catch(() => undefined);
  await eventually(async () => expect(await engine.leftovers(environmentId)).toEqual([]), 60_000).catch(
    () => undefined,
  );
  await compose('down', '--volumes', '--timeout', '5');
  for (const { ID } of await engine.docker.listServices({ filters: { label: ['berth.managed=true'] } }))
    await engine.docker.getService(ID).remove();
  acme.stop();
  rmSync(folder, { recursive: true, force: true });
  await unlock();
}, 300_000);

let environmentId = '';
let deploymentId = '';

async function answers(): Promise<void> {
  await eventually(async () => {
    const { status } = await call('GET', '/health/ready');
    expect(status).toBe(200);
  }, 120_000);
}

describe('docker-compose.prod.yml', () => {
  it('must come up from nothing, and take a deployment by its own name over HTTPS', async () => {
    await compose('build', '--quiet', 'api');
    const begin = Date.now();
    await compose('up', '--detach', '--wait', '--wait-timeout', '120');
    tell(`up and healthy after ${((Date.now() - begin) / 1000).toFixed(1)} s`);
    key = (
      await compose('exec', '-T', 'api', 'node', 'dist/cli/key.js', 'create', '--telegram-id', '1', '--scopes', 'ALL')
    ).trim();
    await answers();
    const { body } = await call<{ environment: { id: string } }>('POST', '/environments', { name: 'composed' });
    environmentId = body.environment.id;
    const deployed = await call<{ jobId: string; deploymentId: string }>('POST', '/deployments', {
      environmentId,
      name: 'web',
      image: 'busybox',
      tag: '1.36',
      command: sh(IDLE),
    });
    ({ deploymentId } = deployed.body);
    await eventually(async () => expect(await statusOf()).toBe('RUNNING'), 60_000);
  }, 900_000);

  it('must be small, quick to start and modest, on a file system that it cannot write', async () => {
    const [container] = await engine.docker.listContainers({ filters: { label: ['com.docker.compose.service=api'] } });
    const handle = engine.docker.getContainer(container?.Id ?? '');
    const { HostConfig, Config } = await handle.inspect();
    expect(HostConfig.ReadonlyRootfs).toBe(true);
    expect(HostConfig.CapDrop).toEqual(['ALL']);
    expect(Config.User).toBe('10001:10001');
    const { Size } = await engine.docker.getImage(container?.Image ?? '').inspect();
    await handle.restart({ t: 10 });
    await eventually(async () => expect((await handle.inspect()).State.Health?.Status).toBe('healthy'), 60_000);
    await delay(20_000); // as idle as it gets
    const stats = await handle.stats({ stream: false });
    const { inactive_file: a = 0, total_inactive_file: b = 0 } = stats.memory_stats.stats as Record<string, number>;
    const memory = (stats.memory_stats.usage - (b || a)) / MIB;
    const { StartedAt } = (await handle.inspect()).State;
    const log = String(await handle.logs({ stdout: true, since: new Date(StartedAt).getTime() / 1000 }));
    const ready = Number(/"time":(\d+)[^\n]*listens on/.exec(log)?.[1]) - new Date(StartedAt).getTime();
    tell(`image ${Math.round(Size / MIB)} MiB, idle ${Math.round(memory)} MiB, started after ${ready} ms`);
    expect(ready).toBeLessThan(3000);
    expect(memory).toBeLessThanOrEqual(120);
    const { output } = await inApi(
      'sh',
      '-c',
      'env; cat /proc/1/cmdline; ls /usr/bin/gcc /usr/local/bin/npm 2>&1; true',
    );
    expect(output).not.toContain('not/a@word');
    expect(output).not.toMatch(/^\/usr\/(bin\/gcc|local\/bin\/npm)$/m);
  }, 120_000);

  it('must publish nothing, and be out of reach from where deployments are', async () => {
    const containers = await engine.docker.listContainers({ filters: { label: ['com.docker.compose.project=berth'] } });
    expect(containers).toHaveLength(3);
    for (const { Ports } of containers) expect(Ports.filter(({ PublicPort }) => PublicPort)).toEqual([]);
    const targets = containers.flatMap(({ NetworkSettings: { Networks } }) =>
      Object.values(Networks).map(({ IPAddress }) => IPAddress),
    );
    for (const address of targets)
      for (const port of [3000, 5432, 6379]) {
        const { exitCode } = await engine.exec(deploymentId, 'timeout', '2', 'nc', '-z', address, String(port));
        expect(exitCode, `${address}:${port}`).not.toBe(0);
      }
  });

  it('must have everything again after down and up, while what runs goes on', async () => {
    await compose('down');
    expect(await engine.containersOf(deploymentId)).toHaveLength(1);
    const [before] = await engine.containersOf(deploymentId);
    await compose('up', '--detach', '--wait', '--wait-timeout', '120');
    await answers();
    expect(await statusOf()).toBe('RUNNING');
    expect(await engine.containersOf(deploymentId)).toEqual([before]);
    const { status, body } = await call<{ environments: { name: string }[] }>('GET', '/environments');
    expect([status, body.environments.map(({ name }) => name)]).toEqual([200, ['composed']]);
  }, 300_000);

  it('must work the same with a filter before the Docker socket, and without the socket itself', async () => {
    await compose('-f', 'nginx/socket-proxy.compose.yml', 'up', '--detach', '--wait', '--wait-timeout', '120');
    await answers();
    expect((await inApi('sh', '-c', 'ls /var/run/docker.sock 2>&1; echo $DOCKER_HOST')).output).toMatch(
      /No such file[^]*tcp:\/\/socket-proxy:2375/,
    );
    expect(await statusOf()).toBe('RUNNING');
    const body = { environmentId, name: 'filtered', image: 'busybox', tag: '1.36', command: sh(IDLE) };
    ({ deploymentId } = (await call<{ deploymentId: string }>('POST', '/deployments', body)).body);
    await eventually(async () => expect(await statusOf()).toBe('RUNNING'), 60_000);
    await compose('-f', 'nginx/socket-proxy.compose.yml', 'rm', '--stop', '--force', 'socket-proxy');
  }, 300_000);
});

async function statusOf(): Promise<string> {
  const { body } = await call<{ deployment: { status: string } }>('GET', `/deployments/${deploymentId}`);
  return body.deployment.status;
}

async function inApi(...command: string[]): Promise<{ output: string }> {
  return { output: await compose('exec', '-T', 'api', ...command) };
}

const tell = (line: string) => process.stdout.write(`${line}\n`);
