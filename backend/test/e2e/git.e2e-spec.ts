import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerApplication, nodeApplication, pythonApplication, yarnApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { TokenRegistry } from '../scenario/token-registry.js';
import { eventually } from '../testbed/eventually.js';

const answerOf = async (port: number, path = '/') => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

describe('a deployment from git', () => {
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

  it('must take the body of the original client unchanged', async () => {
    const sha = await bed.git.create('original', yarnApplication());
    const deployment = await client.runFromGit({
      environmentId,
      gitUrl: bed.git.url('original'),
      branch: 'main',
      baseImage: 'node:22',
      installCommand: 'yarn install',
      buildCommand: 'yarn run build',
      startCommand: 'yarn start',
      ports: [{ host: 3001, container: 3000 }],
      envVars: { NODE_ENV: 'production' },
    });
    expect(deployment).toMatchObject({
      source: 'GIT',
      gitUrl: bed.git.url('original'),
      gitBranch: 'main',
      gitCommitSha: sha,
      build: { method: 'COMMANDS' },
    });
    expect(await answerOf(3001)).toMatch(/^yarn production [\w-]{21}$/);
    const log = await client.buildLogs(deployment.id);
    expect(log).toContain('built with 21 characters');
    expect(log).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z Cloning /);
    await client.ok('DELETE', `/deployments/${deployment.id}`);
  });

  it('must run a Node application of which it knows the URL and the port only', async () => {
    await bed.git.create('node', nodeApplication());
    const deployment = await client.runFromGit({
      environmentId,
      gitUrl: bed.git.url('node'),
      ports: [{ container: 3000, host: 3002 }],
    });
    expect(deployment.build).toEqual({
      method: 'DETECTED',
      detected: 'Node.js 22 with npm (no lock file)',
      reasons: ['Node 22 by default', 'npm 11 from no lock file', 'start command from the script start'],
      warnings: [],
    });
    expect(JSON.parse(await answerOf(3002))).toMatchObject({ name: 'node', uid: 1000 });
    expect((await engine.exec(deployment.id, 'ls', '-a', '/app')).output).not.toContain('.git');
    await client.ok('DELETE', `/deployments/${deployment.id}`);
  });

  it('must use the Dockerfile of a folder of a monorepo, with its build arguments', { tags: 'long' }, async () => {
    const web = dockerApplication('from the folder');
    await bed.git.create('monorepo', {
      'package.json': '{}',
      'services/web/docker/web.Dockerfile': web.Dockerfile ?? '',
      'services/web/index.html': web['index.html'] ?? '',
      'services/web/.dockerignore': 'secret.txt\n',
      'services/web/secret.txt': 'not for the image',
      'outside.txt': 'outside',
    });
    const deployment = await client.runFromGit({
      environmentId,
      gitUrl: bed.git.url('monorepo'),
      buildContext: 'services/web/',
      dockerfile: 'docker/web.Dockerfile',
      buildArgs: { GREETING: 'good morning' },
      ports: [{ container: 80, host: 3003 }],
    });
    expect(await answerOf(3003)).toBe('from the folder');
    expect(await answerOf(3003, '/greeting.txt')).toBe('good morning\n');
    expect((await engine.exec(deployment.id, 'ls', '/srv')).output).not.toMatch(/secret|outside/);
    await client.ok('DELETE', `/deployments/${deployment.id}`);
  });

  it('must serve a static site, and nothing that begins with a dot', { tags: 'long' }, async () => {
    await bed.git.create('static', { 'index.html': 'a site', 'about.html': 'about', '.env': 'SECRET=1' });
    const deployment = await client.runFromGit({
      environmentId,
      gitUrl: bed.git.url('static'),
      ports: [{ container: 8080, host: 3004 }],
    });
    expect(deployment.build?.detected).toBe('a static site (index.html)');
    expect(await answerOf(3004)).toBe('a site');
    expect(await answerOf(3004, '/about')).toBe('about');
    expect((await fetch('http://127.0.0.1:3004/.env')).status).toBe(404);
    await client.ok('DELETE', `/deployments/${deployment.id}`);
  });

  it('must run a Python application as an unprivileged user', { tags: 'long' }, async () => {
    await bed.git.create('python', pythonApplication());
    const deployment = await client.runFromGit({
      environmentId,
      gitUrl: bed.git.url('python'),
      ports: [{ container: 8000, host: 3005 }],
    });
    expect(deployment.build?.detected).toBe('Python 3.12 with pip (requirements.txt)');
    expect(await answerOf(3005)).toBe('python 1000');
    await client.ok('DELETE', `/deployments/${deployment.id}`);
  });

  it(
    'must build a tag, and exactly the commit that is asked for, whatever came after it',
    { tags: 'long' },
    async () => {
      const first = await bed.git.create('history', dockerApplication('first'));
      await bed.git.commit('history', dockerApplication('second'), { tag: 'v2' });
      await bed.git.commit('history', dockerApplication('third'));
      const common = { environmentId, gitUrl: bed.git.url('history'), ports: [{ container: 80 }], name: 'history' };
      const pageOf = async ({ id }: { id: string }) => (await engine.exec(id, 'cat', '/srv/index.html')).output;
      const exact = await client.runFromGit({ ...common, commit: first });
      expect(exact).toMatchObject({ gitCommitSha: first, gitBranch: null });
      expect(await pageOf(exact)).toBe('first');
      const tagged = await client.runFromGit({ ...common, branch: 'v2' });
      expect(tagged.gitBranch).toBe('v2');
      expect(await pageOf(tagged)).toBe('second');
      const latest = await client.runFromGit(common);
      expect(latest.gitBranch).toBe('main');
      expect(await pageOf(latest)).toBe('third');
    },
  );

  it(
    'must build what forges give to copy: full names of refs, blanks, a user, and the only branch there is',
    { tags: 'long' },
    async () => {
      const files = dockerApplication('copied');
      const tagged = await bed.git.create('My Shop/copied', files, { tag: 'v1' });
      const branch = await bed.git.commit('My Shop/copied', dockerApplication('a branch like the tag'), {
        branch: 'v1',
      });
      const pull = await bed.git.commit('My Shop/copied', dockerApplication('pull'), { branch: 'refs/pull/7/head' });
      await bed.git.setHead('My Shop/copied', 'master');
      const gitUrl = bed.git.url('My%20Shop/copied');
      const commitOf = async (body: object) => {
        const dry = { environmentId, dryRun: true, gitUrl, ...body };
        return (await client.request<{ plan: { gitCommitSha: string } }>('POST', '/deployments/from-git', dry)).body
          .plan?.gitCommitSha;
      };
      expect(await commitOf({ branch: 'v1' })).toBe(branch);
      expect(await commitOf({ branch: 'refs/tags/v1' })).toBe(tagged);
      expect(await commitOf({ branch: 'refs/heads/main' })).toBe(tagged);
      const common = { environmentId, name: 'copied', ports: [{ container: 80 }] };
      expect(await commitOf({ branch: 'refs/pull/7/head' })).toBe(pull);

      const only = await bed.git.create('only', files);
      await bed.git.setHead('only', 'master');
      expect(await commitOf({ gitUrl: bed.git.url('only') })).toBe(only);
      const copied = ` ${bed.git.url('only').replace('//', '//acme@')}/ \n`;
      expect(await client.runFromGit({ ...common, gitUrl: copied })).toMatchObject({
        gitUrl: bed.git.url('only'),
        gitCommitSha: only,
        gitBranch: 'main',
      });
    },
  );

  it('must come over ssh with a deploy key', async () => {
    const sha = await bed.git.create('over-ssh', dockerApplication('over ssh'));
    const deployment = await client.runFromGit({
      environmentId,
      gitUrl: bed.git.sshUrl('over-ssh'),
      gitAuth: { sshKey: bed.git.sshKey },
      ports: [{ container: 80, host: 3007 }],
    });
    expect(deployment.gitCommitSha).toBe(sha);
    expect(await answerOf(3007)).toBe('over ssh');
    await client.ok('DELETE', `/deployments/${deployment.id}`);
  });

  it('must leave no directory, and no image of an environment that is gone', { tags: 'long' }, async () => {
    const { id } = await client.createEnvironment();
    await bed.git.create('gone', dockerApplication('gone'));
    const deployment = await client.runFromGit({
      environmentId: id,
      gitUrl: bed.git.url('gone'),
      ports: [{ container: 80 }],
    });
    expect(bed.platform.buildDirectories).toEqual([]);
    expect(await engine.imagesOf(id)).toEqual([`${deployment.image}:${deployment.tag ?? ''}`]);
    await client.deleteEnvironment(id);
    expect(await engine.imagesOf(id)).toEqual([]);
  });

  it(
    'must build on images of a registry that gives a token to anybody, as Docker Hub does',
    { tags: 'long' },
    async () => {
      const registry = await new TokenRegistry().start();
      const Dockerfile = `FROM ${registry.address}/library/busybox:1.36\nCMD ["sleep", "600"]\nSTOPSIGNAL SIGKILL\n`;
      await bed.git.create('on-token', { Dockerfile });
      await client.runFromGit({ environmentId, gitUrl: bed.git.url('on-token') });
      expect(registry.tokens).toBeGreaterThan(0);
      registry.stop();
    },
  );

  it('must show how far it is, and let its lines be followed while it builds', async () => {
    await bed.git.create('watched', {
      Dockerfile: `FROM busybox:1.36\nRUN for i in 1 2 3; do echo line $i; sleep 1; done # ${randomUUID()}\nRUN echo last\nCMD ["sleep", "600"]\n`,
    });
    const { jobId, deploymentId } = await client.deployFromGit({ environmentId, gitUrl: bed.git.url('watched') });
    const followed = fetch(`${client.baseUrl}/deployments/${deploymentId}/build-logs?follow=true`, {
      headers: { 'X-API-Key': client.apiKey, Accept: 'text/plain' },
    }).then((answer) => answer.text());
    const progress = await eventually(async () => {
      const deployment = await client.job(jobId);
      expect(deployment.progress).toMatchObject({ step: 'BUILDING', total: 3 });
      return deployment.progress;
    }, 30_000);
    expect(progress?.message).toMatch(/^step [1-3]\/3$/);
    expect((await client.settled(jobId)).status).toBe('RUNNING');
    expect(await followed).toMatch(/line 1\n.*line 2\n.*line 3\n[^]*last\n/);
    expect(await followed).toBe(await client.buildLogs(deploymentId));
    const events = await fetch(`${client.baseUrl}/deployments/job/${jobId}/events`, {
      headers: { 'X-API-Key': client.apiKey },
    });
    expect(await events.text()).toMatch(/event: log\ndata: .*line 2/);
  });
});
