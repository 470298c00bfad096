import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, it } from 'vitest';
import { ApiClient } from '../test/scenario/api-client.js';
import { IDLE, sh } from '../test/scenario/stand-in.js';
import { freePort } from '../test/testbed/free-port.js';
import { print, Report } from './report.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const LIMIT_MS = 180_000;
/** What script/server says when a part begins. */
const PARTS: [string, RegExp][] = [
  ['npm packages', /Installing the npm packages/],
  ['engine', /^(Installing|Starting) the Docker Engine/],
  ['build', /Building the program/],
  ['start of the API', /"context"|Nest/],
];

const folder = mkdtempSync(path.join(tmpdir(), 'berth-install-'));
let server: ChildProcess | undefined;
afterAll(async () => {
  if (server?.exitCode === null) {
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

it('a stranger must have something running in three minutes', async () => {
  const report = new Report('install: from a clean clone to the first deployment RUNNING');
  const marks: [string, number][] = [['clone', performance.now()]];
  const clone = path.join(folder, 'berth');
  execFileSync('git', ['clone', '--quiet', ROOT, clone]);
  chmodSync(folder, 0o755);
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), DATA_DIR: path.join(folder, 'data'), INGRESS: 'off' };
  marks.push(['look', performance.now()]);
  server = spawn(path.join(clone, 'script/server'), [], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  server.stdout?.on('data', (chunk) => {
    for (const line of String(chunk).split('\n'))
      for (const [part, sign] of PARTS)
        if (sign.test(line) && !marks.some(([known]) => known === part)) marks.push([part, performance.now()]);
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  for (;;) {
    const ready = await fetch(`${baseUrl}/health/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready) break;
    if (server.exitCode !== null) throw new Error(`script/server ended with ${server.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  marks.push(['key and first deployment', performance.now()]);
  const key = execFileSync(path.join(clone, 'script/key'), ['create', '--telegram-id', '1', '--scopes', 'ALL'], {
    env,
  });
  const client = new ApiClient(baseUrl, String(key).trim());
  const { id: environmentId } = await client.createEnvironment();
  await client.run({ environmentId, image: 'busybox', tag: '1.36', command: sh(IDLE) });
  const end = performance.now();
  await client.deleteEnvironment(environmentId);
  for (const [index, [part, at]] of marks.entries())
    print(`  ${part}: ${(((marks[index + 1]?.[1] ?? end) - at) / 1000).toFixed(1)} s`);
  report.add({ what: 'all of it', measured: end - (marks[0]?.[1] ?? 0), limit: LIMIT_MS, unit: 'ms' });
  report.conclude();
});
