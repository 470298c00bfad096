/** The page of the first deployment: that it is what its source builds, and what a visitor and an operator see of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../testbed/eventually.js';
import { freePort } from '../testbed/free-port.js';
import { MACHINE_ARCHITECTURE } from '../testbed/push-image.js';
import { runCommand } from '../testbed/run-command.js';
import { engineUnderTest } from '../testbed/testbed.js';

const FOLDER = path.resolve(import.meta.dirname, '../../../examples/hello');
const MAX_BYTES = 8 * 1024;
const START_MS = 5000;
/** It has no clean-up to do, and a container that ignores SIGTERM takes ten seconds to stop. */
const STOP_MS = 1000;

describe('the checked-in program', () => {
  let built: string;

  beforeAll(async () => {
    built = mkdtempSync(path.join(tmpdir(), 'berth-hello-'));
    await runCommand('bash', [path.join(FOLDER, 'build.sh'), built]);
  });
  afterAll(() => rmSync(built, { recursive: true, force: true }));

  it.for([
    ['amd64', 'x86_64-linux-gnu-gcc-12'],
    ['arm64', 'aarch64-linux-gnu-gcc-12'],
  ] as const)('for %s must be, byte for byte, what its source builds', ([arch, compiler], { skip }) => {
    const file = path.join(built, `hello-${arch}`);
    skip(!existsSync(file), `${compiler} is not installed: the program for ${arch} cannot be rebuilt`);
    expect(sha256(file)).toBe(sha256(checkedIn(arch)));
  });

  it.each(['amd64', 'arm64'])('for %s must be small and listed with its checksum', (arch) => {
    const sums = readFileSync(path.join(FOLDER, 'bin/SHA256SUMS'), 'utf8').split('\n');
    expect(sums).toContain(`${sha256(checkedIn(arch))}  hello-${arch}`);
    expect(readFileSync(checkedIn(arch)).length).toBeLessThan(MAX_BYTES);
  });
});

describe('the running program', () => {
  let program: ChildProcess | undefined;
  let port: number;
  let log: string;

  const start = async (env: Record<string, string> = {}) => {
    port = await freePort();
    log = '';
    program = spawn(checkedIn(MACHINE_ARCHITECTURE), { env: { PORT: String(port), ...env } });
    program.stdout?.on('data', (chunk) => (log += String(chunk)));
    await eventually(() => expect(log).toContain(`listens on port ${port}\n`), START_MS);
  };
  const page = (init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}/`, init);

  afterEach(() => {
    program?.kill('SIGKILL');
  });

  it('must say hello, its version and who asks, and write a line of each request', async () => {
    await start({ VERSION: '2' });
    const response = await page({ headers: { 'User-Agent': 'tester/1.0', 'X-Forwarded-For': '203.0.113.7' } });
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(text).toContain('Hello');
    expect(text).toContain('This is version 2.');
    expect(text).toContain('came from 127.0.0.1, for 203.0.113.7, by tester/1.0.');
    await eventually(() => expect(log).toMatch(/\n127\.0\.0\.1 "GET \/ HTTP\/1\.1" 200\n$/), START_MS);
    const head = await page({ method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await page({ method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('must show what comes from outside as bounded text', async () => {
    await start();
    const html = await (
      await page({ headers: { 'User-Agent': `<script>alert("1")</script>&'${'x'.repeat(4000)}` } })
    ).text();
    expect(html).toContain('by &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;xxx');
    expect(html.length).toBeLessThan(1500);
    expect((await page({ headers: { 'X-Long': 'x'.repeat(10_000) } })).status).toBe(431);
    await raw('GET /\u001b[31m\u0000\t HTTP/1.1\r\n\r\n');
    await eventually(() => expect(log).toContain('"GET /?[31m'), START_MS);
    expect(log).not.toContain('\u001b');
  });

  it('must answer others while clients say nothing, more of them than it keeps', async () => {
    await start();
    const idle = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await Promise.all(idle.slice(0, 60).map((socket) => once(socket, 'connect')));
    const answers = await Promise.all(Array.from({ length: 20 }, () => page()));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    for (const socket of idle) socket.destroy();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('must end at %s at once, with 0', async (signal) => {
    await start();
    const begin = Date.now();
    const ended = once(program as ChildProcess, 'exit');
    program?.kill(signal);
    expect(await ended).toEqual([0, null]);
    expect(Date.now() - begin).toBeLessThan(STOP_MS);
  });

  it('must say which port it cannot have', async () => {
    program = spawn(checkedIn(MACHINE_ARCHITECTURE), { env: { PORT: 'http' } });
    log = '';
    program.stdout?.on('data', (chunk) => (log += String(chunk)));
    expect(await once(program, 'close')).toEqual([1, null]);
    expect(log).toBe('PORT must be a number from 1 to 65535.\n');
  });

  async function raw(request: string): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.end(request);
    socket.resume();
    await once(socket, 'close');
  }
});

describe('the image', () => {
  const tag = `berth-hello-test:${randomUUID()}`;
  const { docker } = engineUnderTest();

  afterAll(() => docker.getImage(tag).remove({ force: true }));

  it.each(['1', '2'])('must be built without any registry, and serve (builder version %s)', async (version) => {
    const files = ['Dockerfile', '.dockerignore', `bin/hello-amd64`, `bin/hello-arm64`];
    const stream = await docker.buildImage({ context: FOLDER, src: files }, { t: tag, version: version as '1' | '2' });
    await new Promise((resolve, reject) =>
      docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve(undefined))),
    );
    const hostPort = String(await freePort());
    const container = await docker.createContainer({
      Image: tag,
      HostConfig: {
        PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: hostPort }] },
        CapDrop: ['ALL'],
        ReadonlyRootfs: true,
      },
    });
    try {
      await container.start();
      await eventually(
        async () => expect(await (await fetch(`http://127.0.0.1:${hostPort}/`)).text()).toContain('version 1'),
        START_MS,
      );
      const begin = Date.now();
      await container.stop();
      expect(Date.now() - begin).toBeLessThan(5 * STOP_MS);
    } finally {
      await container.remove({ force: true });
    }
  });
});

function checkedIn(arch: string): string {
  return path.join(FOLDER, `bin/hello-${arch}`);
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
