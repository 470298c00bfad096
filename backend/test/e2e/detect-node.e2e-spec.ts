/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import type { Files } from '../testbed/git-server.js';
import {
  serverProject,
  siteProject,
  starterProject,
  styledProject,
  versionProject,
  workspaceProject,
} from '../fixtures/node-projects.js';

/** With it, a starter on the official slim image stays below 250 MB. */
const MAX_ADDED_BYTES = 25_000_000;

interface PlanAnswer {
  plan: { build: { reasons: string[]; startCommand: string; releaseCommand: string | null; dockerfile: string } };
}

const answerOf = async (port: number, path = '/') => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

describe('a Node.js project of which only the URL and the port are known', () => {
  const engine = new EngineView();
  let bed: GitPlatform;
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    bed = await startGitPlatform();
    client = bed.client;
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(() => bed?.stop());

  async function run(
    name: string,
    files: Files,
    host: number,
    options: { container?: number; buildContext?: string } = {},
  ) {
    await bed.git.create(name, files);
    const { container = 3000, buildContext = '.' } = options;
    const ports = [{ container, host }];
    return client.runFromGit({ environmentId, name, gitUrl: bed.git.url(name), buildContext, ports }, 400_000);
  }

  it('must be built and served as files when it is a site, also for a path of its router', async () => {
    await run('site', siteProject(), 3021, { container: 8080 });
    expect(await answerOf(3021)).toBe('built');
    expect(await answerOf(3021, '/any/deep/link')).toBe('built');
    await run('styled', styledProject(), 3029, { container: 8080 });
    expect([await answerOf(3029), await answerOf(3029, '/out.css')]).toEqual(['styled', 'p { color: red }']);
    await run('server', serverProject(), 3022);
    expect(await answerOf(3022)).toBe('output');
  });

  it('must run in the version that it asks for, or say that there is none', async () => {
    await run('version', versionProject('>=24'), 3026);
    expect(await answerOf(3026)).toMatch(/^v24\./);
    await bed.git.create('future', versionProject('>=99'));
    const failed = await client.failFromGit({ environmentId, gitUrl: bed.git.url('future') });
    expect(failed).toMatchObject({ errorCode: 'DOCKERFILE_INVALID' });
    expect(failed.errorMessage).toContain('set baseImage');
  });

  it('must be built with the workspace that it belongs to', async () => {
    await bed.git.create('workspace', workspaceProject());
    const dryRun = { environmentId, dryRun: true, gitUrl: bed.git.url('workspace') };
    const root = await client.request('POST', '/deployments/from-git', dryRun);
    const message = expect.stringContaining('Set buildContext to the package to deploy: packages/web') as string;
    expect(root.body.errors).toEqual([{ path: 'buildContext', message }]);
    await run('workspace-web', workspaceProject(), 3027, { buildContext: 'packages/web' });
    expect(await answerOf(3027)).toBe('from the library');
  });

  it('must become a small image without caches, development dependencies and root', async () => {
    const files = starterProject();
    await bed.git.create('planned', files);
    const dryRun = { environmentId, dryRun: true, gitUrl: bed.git.url('planned') };
    const { plan } = await client.ok<PlanAnswer>('POST', '/deployments/from-git', dryRun);
    expect(plan.build).toMatchObject({ startCommand: 'node server.js', releaseCommand: 'node release.js' });
    expect(plan.build.reasons).toContain('Node 22 by default');
    expect(plan.build.dockerfile).toMatch(/^FROM node:22-slim AS build\n/);
    expect(bed.platform.buildDirectories).toEqual([]);

    const deployment = await run('starter', files, 3028);
    expect(deployment).toMatchObject({
      releaseCommand: ['node', 'release.js'],
      build: { reasons: plan.build.reasons },
    });
    expect(await client.buildLogs(deployment.id)).toContain('migrated');
    const list = 'id -u; ls /app/node_modules; ls -A /home/app';
    expect((await engine.exec(deployment.id, 'sh', '-c', list)).output.split('\n').filter(Boolean)).toEqual([
      '1000',
      'ms',
    ]);
    const [container = ''] = await engine.containersOf(deployment.id);
    const { Image } = await engine.docker.getContainer(container).inspect();
    const sizeOf = async (image: string) => (await engine.docker.getImage(image).inspect()).Size;
    await engine.pull('node:22-slim');
    // The base of the test bed is larger than the official one, which has some 220 MB.
    expect((await sizeOf(Image)) - (await sizeOf('node:22-slim'))).toBeLessThan(MAX_ADDED_BYTES);
  });
});
