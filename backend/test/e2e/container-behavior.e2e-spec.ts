/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { folderOf, tarOf } from '../scenario/archives.js';
import { EngineView } from '../scenario/engine-view.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const QUICK = { intervalSeconds: 1, timeoutSeconds: 1, retries: 2, startPeriodSeconds: 1 };
/** As process 1 it would not hear SIGTERM, which has no handler there. */
const DEAF = ['sleep', '86400'];
/** `security.capability` of cap_ipc_lock=+ep. */
const IPC_LOCK = '0100000200400000000000000000000000000000';
/** A master that is root, and a worker that is not. */
const MASTER = `
import os, signal, time
worker = os.fork()
if worker == 0:
    os.setgid(4242); os.setuid(4242)
    time.sleep(86400)
os.kill(worker, signal.SIGTERM); os.waitpid(worker, 0)
print('worker stopped', flush=True)
time.sleep(86400)
`;
const ONLY_HOST = `require('node:http').createServer((request, response) => {
  const isKnown = request.headers.host === 'shop.test';
  response.writeHead(isKnown ? 200 : 400).end(isKnown ? 'ok' : '<h1>no such host: ' + request.headers.host + '</h1>');
}).listen(8080)`;

describe('a container as people expect it', () => {
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

  const output = async (id: string, ...command: string[]) => (await engine.exec(id, ...command)).output;
  const setUpContainers = async () => {
    const found = await engine.docker.listContainers({ all: true, filters: { name: ['-v$'] } });
    return found.map(({ Names }) => Names);
  };

  it('must have an init process, names of variables with dots, and folders in memory; and stop at once', async () => {
    const { id } = await client.run({
      environmentId,
      image: 'busybox',
      command: DEAF,
      volumes: [{ name: 'deaf', path: '/data' }],
      envVars: { 'discovery.type': 'single-node', 'my-name': '{{x}}' },
      tmpfs: [{ path: '/cache', sizeMb: 8 }],
      resources: { memoryMb: 256, shmMb: 128 },
    });
    expect(await output(id, 'cat', '/proc/1/cmdline')).toContain('docker-init');
    expect(await output(id, 'env')).toMatch(
      /discovery\.type=single-node[^]*my-name=\{\{x\}\}|my-name=\{\{x\}\}[^]*discovery/,
    );
    const mounts = await output(id, 'cat', '/proc/mounts');
    expect(mounts).toMatch(/ \/dev\/shm tmpfs rw.*size=131072k/);
    expect(mounts).toMatch(/ \/cache tmpfs rw.*size=8192k/);
    await output(id, 'sh', '-c', '(sleep 0.1 &) ; (sleep 0.1 &)');
    await eventually(async () => expect(await output(id, 'ps', '-o', 'stat,comm')).not.toMatch(/^Z/m), 5000);
    const begin = Date.now();
    await client.ok('POST', `/deployments/${id}/stop`);
    await client.expectDeployment(id, 'STOPPED', 30_000);
    expect(Date.now() - begin).toBeLessThan(9000);
  });

  it('must be process 1 itself, and stop by the signal and within the time of the request', async () => {
    const { id, init, stopSignal, stopGraceSeconds } = await client.run({
      environmentId,
      image: 'busybox',
      command: ['sh', '-c', 'trap "sleep 11; echo heard it; exit 0" USR1; while :; do sleep 0.2; done'],
      init: false,
      stopSignal: 'usr1',
      stopGraceSeconds: 60,
    });
    expect([init, stopSignal, stopGraceSeconds]).toEqual([false, 'SIGUSR1', 60]);
    expect(await output(id, 'cat', '/proc/1/comm')).toBe('sh\n');
    await client.ok('POST', `/deployments/${id}/stop`);
    await client.expectDeployment(id, 'STOPPED', 60_000);
    expect(await client.logs(id)).toContain('heard it');
  });

  it("must give a fresh volume to the image's user, and say whose an older one is", async () => {
    const write = sh(`echo x > /new/data/x && echo x > /owned/x && ${IDLE}`);
    const { id } = await client.run({
      environmentId,
      image: 'unprivileged',
      tag: '1',
      command: write,
      volumes: [
        { name: 'new', path: '/new/data' },
        { name: 'owned', path: '/owned' },
      ],
    });
    expect(await output(id, 'stat', '-c', '%u:%g', '/new/data', '/owned')).toBe('1000:1001\n1000:1001\n');
    expect(await setUpContainers()).toEqual([]);
    const volumes = [{ name: 'older', path: '/new/data' }];
    const older = await client.run({ environmentId, image: 'busybox', command: sh(IDLE), volumes });
    await client.ok('DELETE', `/deployments/${older.id}`);
    const failed = await client.fail({ environmentId, image: 'unprivileged', tag: '1', command: write, volumes });
    expect(failed.errorMessage).toMatch(/Permission denied\nAdvice: The volume at \/new\/data belongs to another user/);
    expect(failed.errorCode).toBe('CONTAINER_CRASHED');
  });

  it('must let a master signal its workers, and name the capability that a program needs', async () => {
    const master = await client.run({
      environmentId,
      image: 'python',
      tag: '3.12-slim',
      command: ['python3', '-c', MASTER],
    });
    await eventually(async () => expect(await client.logs(master.id)).toContain('worker stopped'), 10_000);
    const Dockerfile = `FROM python:3.12-slim
RUN cp /bin/sleep /locked && python3 -c "import os; os.setxattr('/locked', 'security.capability', bytes.fromhex('${IPC_LOCK}'))"
USER 4242
CMD ["/locked", "86400"]
`;
    const { uploadId } = await client.upload(await folderOf({ Dockerfile }));
    const { jobId } = await client.deployFromUpload({ environmentId, uploadId, name: 'locked' });
    const failed = await client.settled(jobId, 120_000);
    expect(failed.errorCode).toBe('CONTAINER_CRASHED');
    expect(failed.errorMessage).toMatch(/\/locked has the file capability IPC_LOCK: .*ALLOWED_CAPABILITIES/);
    const refused = await client.request('POST', '/deployments', {
      environmentId,
      image: 'busybox',
      capabilities: ['IPC_LOCK'],
    });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'capabilities' }] } });
    expect(JSON.stringify(refused.body)).toContain('ALLOWED_CAPABILITIES');
    await platform.restart({ ALLOWED_CAPABILITIES: 'IPC_LOCK' });
    const again = await client.upload(await folderOf({ Dockerfile }));
    await client.runFromUpload({ environmentId, uploadId: again.uploadId, name: 'locked', capabilities: ['IPC_LOCK'] });
  });

  it("must run a release command in place of the image's entrypoint, and explain a script with CRLF", async () => {
    const script = (text: string) =>
      tarOf([
        { name: 'Dockerfile', content: 'FROM busybox:1.36\nCOPY run.sh /run.sh\nENTRYPOINT ["/run.sh"]\n' },
        { name: 'run.sh', mode: 0o755, content: text },
      ]);
    const good = await client.upload(await script('#!/bin/sh\necho from the entrypoint\nexec sleep 86400\n'));
    const { id } = await client.runFromUpload({
      environmentId,
      uploadId: good.uploadId,
      name: 'entry',
      releaseCommand: ['sh', '-c', 'echo migrated'],
    });
    const log = await client.buildLogs(id);
    expect(log).toContain('migrated');
    expect(log).not.toContain('from the entrypoint');
    const bad = await client.upload(await script('#!/bin/sh\r\nexec sleep 86400\r\n'));
    const { jobId } = await client.deployFromUpload({ environmentId, uploadId: bad.uploadId, name: 'crlf' });
    const failed = await client.settled(jobId, 120_000);
    expect(failed.errorMessage).toMatch(/\nAdvice: \/run\.sh ends its lines with CR LF/);
  });

  it("must ask an image's rare check often while it starts, send the host asked for, and name the field to raise", async () => {
    const begin = Date.now();
    await client.run({ environmentId, image: 'rare-healthcheck', tag: '1' }, 60_000);
    expect(Date.now() - begin).toBeLessThan(40_000);
    const app = { environmentId, image: 'node', tag: '22-slim', command: ['node', '-e', ONLY_HOST] };
    const ports = [{ container: 8080 }];
    await client.run({ ...app, ports, healthCheck: { path: '/', host: 'shop.test' } });
    const refused = await client.fail({ ...app, ports, healthCheck: { path: '/', ...QUICK } });
    expect(refused.errorMessage).toMatch(/GET \/ answered 400: no such host: localhost.*set healthCheck\.host/);
    const slow = await client.fail({ environmentId, image: 'busybox', command: DEAF, ports, healthCheck: QUICK });
    expect(slow.errorMessage).toContain(
      'It had 3 s: if it needs longer to start, raise healthCheck.startPeriodSeconds (1).',
    );
  });
});
