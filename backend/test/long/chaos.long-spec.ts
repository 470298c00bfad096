/**
 * What a platform depends on freezes, fills up or answers nonsense, for real. The clock is not set back: a namespace has
 * clocks of its own for what is monotonic only (time_namespaces(7)), and the machine's belongs to everything on it.
 */
import { rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresFiles } from '#src/core/database/postgres-files.js';
import { dockerApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { badRegistry, NONSENSE } from '../scenario/bad-registries.js';
import { expectEngineFrozen, expectGoesOn } from '../scenario/frozen-engine.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';
import { GitServer } from '../testbed/git-server.js';
import { runCommand } from '../testbed/run-command.js';
import { engineUnderTest } from '../testbed/testbed.js';

const MIB = 2 ** 20;
const DISK_MIB = 800;
const BUILD_NEEDS_MIB = 100;
const WRITES = 300;
const RECOVERY_MS = 60_000;

const engine = engineUnderTest();
let git: GitServer;
let platform: Platform;
let client: ApiClient;
let environmentId: string;
let disk: string;
let filler: string;

beforeAll(async () => {
  git = await new GitServer().start();
  platform = new Platform({
    GIT_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    GIT_CA_FILE: git.caFile,
    BUILD_MIN_FREE_DISK_MB: String(BUILD_NEEDS_MIB),
  });
  disk = path.dirname(platform.postgresDir);
  filler = path.join(disk, 'filler');
  await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=755`, 'tmpfs', disk]);
  await platform.start();
  client = await platform.client();
  ({ id: environmentId } = await client.createEnvironment());
});
afterAll(async () => {
  rmSync(filler, { force: true });
  await eventually(() => platform.deleteEnvironments(), 120_000);
  await platform.terminate();
  await runCommand('umount', ['-l', disk]);
  await platform.stop();
  git.stop();
});

it('a frozen engine must delay what needs it, and nothing else', async () => {
  engine.signal('SIGSTOP');
  try {
    await expectGoesOn(
      platform,
      client,
      environmentId,
      () => expectEngineFrozen(platform),
      () => engine.signal('SIGCONT'),
    );
  } finally {
    engine.signal('SIGCONT');
  }
});

it('a frozen PostgreSQL must be a 503 within 5 s, and delay what runs', async () => {
  const { jobId } = await client.deploy({ environmentId, image: 'busybox', tag: '1.36', command: sh(IDLE) });
  signalPostgres('SIGSTOP');
  try {
    const began = performance.now();
    const answer = await client.request('GET', '/environments');
    expect(answer).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE' } });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(performance.now() - began).toBeLessThan(6000);
    expect((await fetch(`${platform.baseUrl}/health/live`)).status).toBe(200);
  } finally {
    signalPostgres('SIGCONT');
  }
  await client.expectStatus(jobId, 'RUNNING', RECOVERY_MS);
});

describe('a full disk', () => {
  it('must be DISK_FULL of a build that has too little of it, and be over when there is space again', async () => {
    await git.create('shop', dockerApplication('built'));
    const body = { environmentId, name: 'shop', gitUrl: git.url('shop'), ports: [{ container: 80 }] };
    await fill(BUILD_NEEDS_MIB / 2);
    const failed = await client.failFromGit(body);
    expect(failed).toMatchObject({ errorCode: 'DISK_FULL' });
    expect(failed.errorMessage).toMatch(/Only \d+ MiB of disk space are free/);
    rmSync(filler);
    await client.runFromGit(body);
  });

  it("must be a 503 where it is PostgreSQL's, and be over when there is space again", async () => {
    await fill(0);
    const statuses = new Set<number>();
    for (let write = 0; write < WRITES && !statuses.has(503); write++)
      statuses.add((await client.request('POST', '/environments', { name: `full-${write}` })).status);
    expect([...statuses].filter((status) => ![201, 503].includes(status))).toEqual([]);
    expect((await client.request('GET', '/environments')).status).toBe(200);
    rmSync(filler);
    await eventually(async () => {
      const { status, body } = await client.request('POST', '/environments', { name: `free-${Date.now()}` });
      expect(status, JSON.stringify(body)).toBe(201);
    }, RECOVERY_MS);
    await client.run({ environmentId, name: 'after', image: 'busybox', tag: '1.36', command: sh(IDLE) });
  });
});

it('registries that answer nonsense, all at once, must fail their deployments and no other', async () => {
  const failed = Object.values(NONSENSE).map(async (listener) => {
    const registry = await badRegistry(listener);
    const { errorCode } = await client.fail(
      { environmentId, image: `${registry.address}/acme/web`, tag: '1' },
      RECOVERY_MS,
    );
    registry.stop();
    return errorCode;
  });
  const other = await client.run({ environmentId, name: 'other', image: 'busybox', tag: '1.36', command: sh(IDLE) });
  expect(other.status).toBe('RUNNING');
  for (const code of await Promise.all(failed)) expect(code).toMatch(/^(REGISTRY_\w+|IMAGE_NOT_FOUND)$/);
});

it('a build that starts processes without end must be stopped, and builds after it go on', async () => {
  const bomb = 'i=0; while [ $i -lt 5000 ]; do sleep 300 & i=$((i+1)); done; wait';
  await git.create('bomb', { Dockerfile: `FROM busybox:1.36\nRUN ${bomb}\n` });
  const body = { environmentId, ports: [{ container: 80 }] };
  const failed = await client.failFromGit({ ...body, name: 'bomb', gitUrl: git.url('bomb') }, 120_000);
  expect(failed.errorCode).toBe('BUILD_FAILED');
  expect(failed.errorMessage).toMatch(/fork/);
  await git.create('next', dockerApplication('next'));
  await client.runFromGit({ ...body, name: 'next', gitUrl: git.url('next') });
});

function signalPostgres(name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of new PostgresFiles(platform.postgresDir).processes()) process.kill(pid, name);
}

/** Takes all space of the disk but for so much. */
async function fill(leaveMib: number): Promise<void> {
  const { bavail, bsize } = statfsSync(disk);
  await runCommand('fallocate', ['-l', String(bavail * bsize - leaveMib * MIB), filler]);
}
