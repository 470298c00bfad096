/** @module-tag long */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';

const engine = new EngineView();
let bed: GitPlatform;
let owner: ApiClient;
let otherUser: ApiClient;

beforeAll(async () => {
  bed = await startGitPlatform({ RATE_LIMIT_MAX: '1000' });
  owner = bed.client;
  otherUser = await bed.platform.client(
    '2',
    'ENVIRONMENTS_READ,ENVIRONMENTS_WRITE,DEPLOYMENTS_READ,DEPLOYMENTS_WRITE,LOGS_READ',
  );
});
afterAll(() => bed?.stop());

it('a build must not be based on what another user has built, by name or by id, nor on a foreign frontend', async () => {
  await bed.git.create('secret', {
    Dockerfile: 'FROM busybox:1.36\nRUN echo secret > /secret\nCMD ["sleep", "86400"]\n',
  });
  const theirs = await owner.createEnvironment();
  const made = await owner.runFromGit({ environmentId: theirs.id, name: 'secret', gitUrl: bed.git.url('secret') });
  const [name = ''] = await engine.imagesOf(theirs.id);
  const id = made.imageDigest ?? '';
  const { id: environmentId } = await otherUser.createEnvironment();
  await bed.git.create('thief', { Dockerfile: 'FROM scratch\n' });
  for (const [index, text] of [
    `FROM ${name}`,
    `FROM docker.io/${name}`,
    `FROM ${id}`,
    `FROM busybox:1.36\nCOPY --from=${name} /secret /x`,
    `FROM busybox:1.36\nRUN --mount=type=bind,from=${name},target=/x cat /x/secret`,
    `ARG BASE=${name}\nFROM $BASE`,
    `# syntax=${name}\nFROM busybox:1.36`,
    'FROM busybox:1.36\nADD https://example.com/repository.git /x',
  ].entries()) {
    await bed.git.commit('thief', { Dockerfile: `${text}\n` });
    const body = { environmentId, name: `thief-${index}`, gitUrl: bed.git.url('thief') };
    const failed = await otherUser.failFromGit(body);
    expect([text, failed.errorCode]).toEqual([text, 'DOCKERFILE_INVALID']);
  }
  const image = await otherUser.request('POST', '/deployments', { environmentId, name: 'thief', image: name });
  expect(image).toMatchObject({ status: 400, body: { errors: [{ path: 'image' }] } });
  const local = { environmentId, name: 'local', image: '10.0.0.1:5000/a' };
  expect((await otherUser.request('POST', '/deployments', local)).body.errors?.[0]?.message).toContain(
    'REGISTRY_ALLOWED_PRIVATE_HOSTS',
  );
}, 240_000);
