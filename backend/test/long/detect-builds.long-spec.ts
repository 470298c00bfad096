/** Builds that take minutes; the others are in test/e2e/detect-node and detect-languages. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../scenario/api-client.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import type { Files } from '../testbed/git-server.js';
import { cgoProject, extensionProject } from '../fixtures/language-projects.js';
import { bunProject, patchedProject, pnpm8Project } from '../fixtures/node-projects.js';

const NODE = { container: 3000 };

const answerOf = async (port: number) => (await fetch(`http://127.0.0.1:${port}`)).text();

describe('a project of which only the URL and the port are known', () => {
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
    { container = 8000, ...options }: { container?: number; startCommand?: string } = {},
  ) {
    await bed.git.create(name, files);
    const ports = [{ container, host }];
    return client.runFromGit({ environmentId, name, gitUrl: bed.git.url(name), ports, ...options }, 400_000);
  }

  it('must be installed with the package manager of its lock file, and with the files that this one reads', async () => {
    await Promise.all([
      run('patched', patchedProject(), 3023, NODE),
      run('pnpm8', pnpm8Project(), 3024, NODE),
      run('bun', bunProject(), 3025, NODE),
    ]);
    expect(await answerOf(3023)).toBe('patched 3600000');
    expect(await answerOf(3024)).toBe('3600000');
    expect(await answerOf(3025)).toBe('bun 3600000');
  });

  it('must compile an extension of Python, and keep its library without the compiler', async () => {
    await run('extension', extensionProject(), 3044);
    expect(await answerOf(3044)).toMatch(/^4\.\d.* None$/);
  });

  it('must link C into a program of Go, which startCommand names among several', async () => {
    await bed.git.create('cgo', cgoProject());
    const failed = await client.failFromGit({ environmentId, gitUrl: bed.git.url('cgo') });
    expect(failed.errorMessage).toContain('answer, other. Set startCommand to one of them');
    await run('cgo-answer', cgoProject(), 3046, { container: 8080, startCommand: 'answer' });
    expect(await answerOf(3046)).toBe('42');
  });
});
