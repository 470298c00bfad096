import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { safeText } from '#src/common/safe-text.js';
import type { ApiClient } from '../scenario/api-client.js';
import { babblingServer } from '../scenario/bad-git-servers.js';
import { badRegistry, NONSENSE } from '../scenario/bad-registries.js';
import { DockerProxy } from '../scenario/docker-proxy.js';
import { expectEngineFrozen, expectGoesOn } from '../scenario/frozen-engine.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';

/** A short form of test/long/chaos.long-spec.ts. */
const proxy = new DockerProxy();
let bed: GitPlatform;
let client: ApiClient;
let environmentId: string;

beforeAll(async () => {
  await proxy.start();
  bed = await startGitPlatform({ DOCKER_HOST: proxy.dockerHost });
  ({ client } = bed);
  ({ id: environmentId } = await client.createEnvironment());
});
afterAll(async () => {
  await bed.stop();
  proxy.stop();
});

it('while the engine is frozen, reads must go on, /health must say so, and jobs must wait', async () => {
  proxy.freeze();
  try {
    await expectGoesOn(
      bed.platform,
      client,
      environmentId,
      () => expectEngineFrozen(bed.platform),
      () => proxy.thaw(),
    );
  } finally {
    proxy.thaw();
  }
});

describe('a registry that answers nonsense', () => {
  it.each(Object.keys(NONSENSE))('must fail the deployment, and no more than that: %s', async (name) => {
    const registry = await badRegistry(NONSENSE[name] ?? (() => undefined));
    const failed = await client.fail({ environmentId, image: `${registry.address}/acme/web`, tag: '1' }, 30_000);
    registry.stop();
    expect(failed.errorCode).toMatch(/^(REGISTRY_\w+|IMAGE_NOT_FOUND)$/);
    expectShowable(failed.errorMessage);
  });
});

describe('a git server that answers nonsense', () => {
  const SMART = 'application/x-git-upload-pack-advertisement';

  it.each([
    ['a page', 'text/html', '<h1>Welcome</h1>'],
    ['no packets', SMART, 'zzzz\u0000\u001b[31m'],
    ['a packet that never ends', SMART, `ffff${'x'.repeat(1000)}`],
    ['half of an answer', SMART, '001e# service=git-upload-pack\n0000'],
  ])('must fail the deployment, and no more than that: %s', async (_name, type, body) => {
    const server = await babblingServer(bed.git, type, body);
    const failed = await client.failFromGit({ environmentId, gitUrl: server.url, ports: [{ container: 80 }] });
    server.stop();
    expect(failed.errorCode).toMatch(/^GIT_/);
    expectShowable(failed.errorMessage);
  });
});

/** Nothing that a server says comes through as it is. */
function expectShowable(message: string | null): void {
  expect(message).toMatch(/\w/);
  expect(safeText(message ?? '')).toBe(message);
}
