import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerApplication } from '../scenario/applications.js';
import type { ApiClient } from '../scenario/api-client.js';
import { drippingServer, hangingServer } from '../scenario/bad-git-servers.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import type { GitServer } from '../testbed/git-server.js';

const MIB = 2 ** 20;

describe('a repository that cannot be deployed', () => {
  const engine = new EngineView();
  let bed: GitPlatform;
  let git: GitServer;
  let client: ApiClient;
  let environmentId: string;

  beforeAll(async () => {
    bed = await startGitPlatform({ GIT_MAX_REPOSITORY_MB: '5', BUILD_CONCURRENCY: '4', BUILD_MEMORY_MB: '512' });
    ({ client, git } = bed);
    environmentId = (await client.createEnvironment()).id;
  });
  afterAll(() => bed?.stop());

  const fail = (body: object, withinMs?: number) =>
    client.failFromGit({ environmentId, ports: [{ container: 80 }], ...body }, withinMs);
  const failure = async (name: string, body: object = {}) => fail({ gitUrl: git.url(name), ...body });

  async function expectNothingLeft(): Promise<void> {
    expect(bed.platform.buildDirectories).toEqual([]);
    expect((await engine.leftovers(environmentId)).filter((name) => !name.startsWith('network '))).toEqual([]);
    expect(await engine.imagesOf(environmentId)).toEqual([]);
  }

  it(
    'must say GIT_TIMEOUT of a server that hangs, and of one that sends a byte a second',
    { tags: 'long' },
    async () => {
      const servers = await Promise.all([hangingServer(), drippingServer(git)]);
      const outcomes = await Promise.all(servers.map(({ url }) => fail({ gitUrl: url }, 40_000)));
      for (const server of servers) server.stop();
      for (const { errorCode, errorMessage } of outcomes) {
        expect(errorCode).toBe('GIT_TIMEOUT');
        expect(errorMessage).toContain('sent less than 600 bytes in 15 s');
      }
      await expectNothingLeft();
    },
  );

  it('must say REPO_TOO_LARGE of what is transferred, and of what becomes of it', { tags: 'long' }, async () => {
    await git.create('large', { 'large.bin': randomBytes(12 * MIB) });
    await git.create('bomb', { 'zeros.bin': Buffer.alloc(12 * MIB) });
    for (const name of ['large', 'bomb'])
      expect(await failure(name)).toMatchObject({
        errorCode: 'REPO_TOO_LARGE',
        errorMessage: 'It is larger than the limit of 5 MiB.',
      });
    await expectNothingLeft();
  });

  it(
    'must say GIT_REF_NOT_FOUND of a branch or commit that is not there, or not any more, and of an empty repository',
    { tags: 'long' },
    async () => {
      const sha = await git.create('refs', dockerApplication('refs'));
      await git.commit('refs', dockerApplication('rewritten'), { force: true });
      await git.create('empty', {});
      expect(await failure('refs', { branch: 'no-such' })).toMatchObject({
        errorCode: 'GIT_REF_NOT_FOUND',
        errorMessage: `There is no branch and no tag named no-such in ${git.url('refs')}; there is main.`,
      });
      const gone = await failure('refs', { commit: sha });
      expect(gone.errorCode).toBe('GIT_REF_NOT_FOUND');
      expect(gone.errorMessage).toContain(sha);
      expect(await failure('empty')).toMatchObject({
        errorCode: 'GIT_REF_NOT_FOUND',
        errorMessage: expect.stringContaining('The repository is empty') as string,
      });
      await git.create('headless', dockerApplication('main'));
      await git.commit('headless', dockerApplication('dev'), { branch: 'dev' });
      await git.setHead('headless', 'master');
      const errorMessage = 'Its default branch master does not exist; send branch (there is main, dev).';
      expect(await failure('headless')).toMatchObject({ errorCode: 'GIT_REF_NOT_FOUND', errorMessage });
      for (const [name, message] of [
        ['headless', `GIT_REF_NOT_FOUND: ${errorMessage.slice(0, -1)}`],
        ['empty', expect.stringMatching(/^GIT_REF_NOT_FOUND: The repository is empty[^]*[^.]$/) as string],
      ] as const) {
        const dry = await client.request('POST', '/deployments/from-git', {
          environmentId,
          dryRun: true,
          gitUrl: git.url(name),
        });
        expect(dry).toMatchObject({ status: 400, body: { errors: [{ path: 'gitUrl', message }] } });
      }
    },
  );

  it('must say GIT_NOT_FOUND, GIT_AUTH and GIT_UNREACHABLE for what they mean', async () => {
    await git.create('private/shop', dockerApplication('private'));
    expect(await failure('nowhere')).toMatchObject({ errorCode: 'GIT_NOT_FOUND' });
    expect(await failure('private/shop')).toMatchObject({ errorCode: 'GIT_AUTH' });
    const refused = await failure('private/shop', { gitAuth: { username: 'me', token: 'wr0ng-token' } });
    expect(refused.errorCode).toBe('GIT_AUTH');
    expect(JSON.stringify(refused)).not.toContain('wr0ng-token');
    expect(await fail({ gitUrl: 'https://127.0.0.1:1/a.git' })).toMatchObject({
      errorCode: 'GIT_UNREACHABLE',
      errorMessage: '127.0.0.1 refuses connections on port 1.',
    });
    const wrongKey = await fail({ gitUrl: git.sshUrl('refs'), gitAuth: { sshKey: git.strangersKey } });
    expect(wrongKey.errorCode).toBe('GIT_AUTH');
    const noSuch = await fail({ gitUrl: git.sshUrl('nowhere'), gitAuth: { sshKey: git.sshKey } });
    expect(noSuch.errorCode).toBe('GIT_NOT_FOUND');
  });

  it('must not reach what only this machine reaches, by its address or by a redirect', async () => {
    const redirect = await fail({ gitUrl: `https://127.0.0.1:${git.port}/moved/169.254.169.254/latest.git` });
    expect(redirect).toMatchObject({
      errorCode: 'GIT_HOST_NOT_ALLOWED',
      errorMessage: expect.stringContaining('169.254.169.254') as string,
    });
    const direct = await client.request('POST', '/deployments/from-git', {
      environmentId,
      gitUrl: 'https://10.0.0.1/a.git',
    });
    expect(direct).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'gitUrl', message: 'must name a public host' }] },
    });
  });

  it.each<[object, string, RegExp]>([
    [{}, 'gitUrl', /is required/],
    [{ gitUrl: 'http://github.com/a/b.git' }, 'gitUrl', /must be https/],
    [{ gitUrl: 'https://me:secret@github.com/a/b.git' }, 'gitUrl', /give them in gitAuth/],
    [
      { gitUrl: 'https://github.com/a/b/tree/main' },
      'gitUrl',
      /send gitUrl "https:\/\/github\.com\/a\/b" and branch "main"/,
    ],
    [{ gitUrl: 'github.com/a/b' }, 'gitUrl', /https:\/\/github\.com\/a\/b/],
    [{ gitUrl: 'git@github.com:a/b.git' }, 'gitAuth.sshKey', /is required with an ssh URL/],
    [{ gitAuth: {} }, 'gitAuth.token', /is required/],
    [{ gitAuth: { token: 'a\nb' } }, 'gitAuth.token', /one line/],
    [{ gitAuth: { sshKey: 'not a key' } }, 'gitAuth.sshKey', /must be a private key/],
    [{ branch: '--upload-pack=id' }, 'branch', /name of a branch/],
    [{ commit: 'abc123' }, 'commit', /whole commit id/],
    [{ buildContext: '../other' }, 'buildContext', /inside the repository/],
    [{ buildContext: '/etc' }, 'buildContext', /inside the repository/],
    [{ dockerfile: '.git/config' }, 'dockerfile', /inside the repository/],
    [{ baseImage: 'node:22\nRUN id' }, 'baseImage', /registry reference/],
    [{ buildArgs: { 'A B': 'x' } }, 'buildArgs.A B', /named with letters/],
    [{ buildArgs: { BUILDKIT_SYNTAX: 'x' } }, 'buildArgs.BUILDKIT_SYNTAX', /reserved/],
    [{ ports: [{ container: 99_999 }] }, 'ports.0.container', /between 1 and 65535/],
  ])('must be refused at once, naming the field: %j', async (wrong, path, message) => {
    const good = 'gitUrl' in wrong || Object.keys(wrong).length === 0 ? {} : { gitUrl: 'https://github.com/a/b.git' };
    const answer = await client.request('POST', '/deployments/from-git', { environmentId, ...good, ...wrong });
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toContainEqual({ path, message: expect.stringMatching(message) as string });
  });

  it('must be BUILD_FAILED with the command, its exit code and what it said last', async () => {
    await git.create('failing', { Dockerfile: 'FROM busybox:1.36\nRUN echo begin >&2; echo the reason >&2; exit 7\n' });
    const { errorCode, errorMessage, build } = await failure('failing');
    expect(errorCode).toBe('BUILD_FAILED');
    expect(errorMessage).toMatch(
      /Step 2\/2, RUN echo begin .* ended with exit code 7\.\nLast lines of the build:\nbegin\nthe reason$/,
    );
    expect(build?.method).toBe('DOCKERFILE');
    await expectNothingLeft();
  });

  it('must be BUILD_FAILED when a step takes more memory than builds may', { tags: 'long' }, async () => {
    await git.create('hungry', { Dockerfile: 'FROM busybox:1.36\nRUN tail /dev/zero\n' });
    const { errorCode, errorMessage } = await failure('hungry');
    expect(errorCode).toBe('BUILD_FAILED');
    expect(errorMessage).toContain('exit code 137 (it was killed, probably because it used too much memory)');
  });

  it('must be DOCKERFILE_INVALID when there is none, when it is not where it should be, and when it is none', async () => {
    await git.create('nothing', { 'README.md': 'nothing to run' });
    await git.create('wrong', { Dockerfile: 'FROM busybox:1.36\nRUNN id\n' });
    const messages = [
      await failure('nothing'),
      await failure('nothing', { dockerfile: 'web/Dockerfile' }),
      await failure('wrong'),
    ];
    expect(messages.map(({ errorCode }) => errorCode)).toEqual(Array(3).fill('DOCKERFILE_INVALID'));
    expect(messages[0]?.errorMessage).toContain('set baseImage and startCommand');
    expect(messages[1]?.errorMessage).toContain('There is no file web/Dockerfile in the build context');
    expect(messages[2]?.errorMessage).toMatch(/unknown instruction: "?RUNN/i);
  });

  it('must name a base image that is not there', async () => {
    await git.create('baseless', { Dockerfile: 'FROM 127.0.0.1:5000/library/no-such:1\n' });
    const { errorCode, errorMessage } = await failure('baseless');
    expect(errorCode).toBe('IMAGE_NOT_FOUND');
    expect(errorMessage).toContain('127.0.0.1:5000/library/no-such:1');
  });

  it('must leave no image when what was built does not run', { tags: 'long' }, async () => {
    await git.create('crashing', { Dockerfile: 'FROM busybox:1.36\nCMD ["sh", "-c", "echo dying; exit 3"]\n' });
    const { errorCode, errorMessage } = await failure('crashing', { ports: [] });
    expect(errorCode).toBe('CONTAINER_CRASHED');
    expect(errorMessage).toContain('dying');
    await expectNothingLeft();
  });
});
