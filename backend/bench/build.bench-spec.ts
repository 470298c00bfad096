import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, it } from 'vitest';
import { nodeApplication } from '../test/scenario/applications.js';
import { EngineView } from '../test/scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../test/scenario/git-platform.js';
import { median, quantile } from './quantile.js';
import { print, Report } from './report.js';

const ROUNDS = 11;
const READ_EVERY_MS = 50;
const TAR_OPTIONS = { maxBuffer: 1e8 };
const BUSY = `FROM busybox:1.36
RUN for i in 1 2 3; do (timeout 8 sh -c 'while true; do :; done') & done; wait; true
CMD ["sleep", "600"]
STOPSIGNAL SIGKILL
`;

const engine = new EngineView();
let bed: GitPlatform;

beforeAll(async () => {
  bed = await startGitPlatform({ BUILD_CONCURRENCY: '2' });
});
afterAll(() => bed?.stop());

it('the same commit again must take little longer than its clone and the cached build of the engine', async () => {
  const { client, git } = bed;
  await git.create('bench', { ...nodeApplication(), ...dependencies() });
  const environment = await client.createEnvironment();
  const body = { environmentId: environment.id, gitUrl: git.url('bench'), name: 'bench', ports: [{ container: 3000 }] };
  await client.runFromGit(body);
  const clones: number[] = [];
  const builds: number[] = [];
  const ours: number[] = [];
  const plans: number[] = [];
  const planOf = () =>
    client.ok<{ plan: { build: { dockerfile: string } } }>('POST', '/deployments/from-git', { ...body, dryRun: true });
  const { plan } = await planOf();
  const context = await referenceContext(git.url('bench'), git.caFile, plan.build.dockerfile);
  for (let round = 1; round <= ROUNDS; round++) {
    clones.push(await timed(() => context.clone()));
    builds.push(await timed(() => context.build()));
    const deployment = await client.runFromGit(body);
    const [fetched, built] = ['FetchSource', 'BuildImage'].map((name) => {
      const step = deployment.steps.find((one) => one.name === name);
      return Date.parse(String(step?.endedAt)) - Date.parse(String(step?.startedAt));
    }) as [number, number];
    ours.push(fetched + built);
    plans.push(await timed(planOf));
    print(
      `${round}/${ROUNDS}: ${fetched} + ${built} ms, clone ${Math.round(clones.at(-1) ?? 0)} ms, cached build ${Math.round(builds.at(-1) ?? 0)} ms`,
    );
  }
  context.remove();
  const [clone, build] = [median(clones), median(builds)];
  const report = new Report(`build: the same commit again, median of ${ROUNDS}`);
  report.add({
    what: 'clone and build',
    measured: median(ours),
    baseline: clone + build,
    limit: 1.2 * build + clone,
    unit: 'ms',
  });
  report.add({ what: 'plan of a dry run', measured: median(plans), baseline: clone, limit: clone + 3000, unit: 'ms' });
  report.conclude();
});

it('reads must be answered while two builds take all the processor that they can get', async () => {
  const { client, git, platform } = bed;
  const other = await platform.client('2');
  const environments = [(await client.createEnvironment()).id, (await other.createEnvironment()).id];
  await git.create('busy', { Dockerfile: BUSY, 'a.txt': String(Date.now()) });
  const latencies: number[] = [];
  const building = Promise.all([
    client.runFromGit({ environmentId: environments[0], gitUrl: git.url('busy') }),
    other.runFromGit({ environmentId: environments[1], gitUrl: git.url('busy'), buildArgs: { OTHER: '1' } }),
  ]);
  let isOver = false;
  void building.finally(() => (isOver = true)).catch(() => undefined);
  while (!isOver) {
    latencies.push(await timed(() => client.request('GET', '/environments')));
    await delay(READ_EVERY_MS);
  }
  await building;
  const report = new Report('build: reads while two users build');
  report.add({
    what: `GET /environments, p99 of ${latencies.length}`,
    measured: quantile(latencies, 0.99),
    limit: 100,
    unit: 'ms',
  });
  report.conclude();
});

async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** As much as a small project has. */
function dependencies(): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`src/module-${index}.js`, `// ${'x'.repeat(500)}\n`]),
  );
}

/** What anybody would do by hand: git's own clone, and the engine's own build of the same Dockerfile, all of it cached. */
async function referenceContext(url: string, caFile: string, dockerfile: string) {
  const dir = mkdtempSync(path.join(tmpdir(), 'berth-bench-'));
  const tree = path.join(dir, 'app');
  // As git is on any machine: it believes the machine's roots, and reads them all.
  const bundle = path.join(dir, 'ca.pem');
  writeFileSync(bundle, [...tls.getCACertificates('system'), readFileSync(caFile, 'utf8')].join('\n'));
  writeFileSync(path.join(dir, 'Dockerfile'), dockerfile);
  const clone = async () => {
    rmSync(tree, { recursive: true, force: true });
    const env = { ...process.env, GIT_SSL_CAINFO: bundle };
    await promisify(execFile)('git', ['clone', '-q', '--depth=1', url, tree], { env });
  };
  await clone();
  const tar = () => execFileSync('tar', ['--exclude=.git', '-C', dir, '-cf', '-', 'app', 'Dockerfile'], TAR_OPTIONS);
  const build = async () => {
    const call = {
      path: '/build?',
      method: 'POST',
      options: { version: '2', t: 'berth-bench:reference' },
      file: tar(),
      isStream: true,
      statusCodes: { 200: true },
    };
    const answer = await new Promise<NodeJS.ReadableStream>((resolve, reject) =>
      (
        engine.docker.modem as {
          dial: (call: object, done: (error: Error | null, answer: NodeJS.ReadableStream) => void) => void;
        }
      ).dial(call, (error, stream) => (error ? reject(error) : resolve(stream))),
    );
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    if (!text.includes('moby.image.id')) throw new Error(`the reference could not be built: ${text.slice(-500)}`);
  };
  await build();
  const remove = () => {
    rmSync(dir, { recursive: true, force: true });
    void engine.docker
      .getImage('berth-bench:reference')
      .remove()
      .catch(() => undefined);
  };
  return { clone, build, remove };
}
