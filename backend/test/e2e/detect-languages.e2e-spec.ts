/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  djangoProject,
  flaskProject,
  goProject,
  killedProject,
  starletteProject,
  staticProject,
} from '../fixtures/language-projects.js';
import type { ApiClient } from '../scenario/api-client.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { eventually } from '../testbed/eventually.js';
import type { Files } from '../testbed/git-server.js';

const get = (port: number, path = '/') => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' });
const answerOf = async (port: number, path = '/') => (await get(port, path)).text();

describe('a project in another language of which only the URL and the port are known', () => {
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
    { container = 8000, ...options }: Record<string, unknown> = {},
  ) {
    await bed.git.create(name, files);
    const ports = [{ container, host }];
    return client.runFromGit({ environmentId, name, gitUrl: bed.git.url(name), ports, ...options }, 400_000);
  }

  it('must run a Flask application with its gunicorn, the version that it asks for, and its output at once', async () => {
    const deployment = await run('flask', flaskProject(), 3041);
    expect(deployment.build?.detected).toBe('Python 3.13 with pip (pyproject.toml)');
    expect(await answerOf(3041)).toBe('flask gunicorn');
    const text = { Accept: 'text/plain' };
    await eventually(async () => {
      const { body } = await client.request<string>('GET', `/deployments/${deployment.id}/logs`, undefined, text);
      expect(body).toContain('starting without a flush');
    }, 20_000);
  });

  it('must run Starlette with uvicorn, and Django with gunicorn and the collected files', async () => {
    await run('starlette', starletteProject(), 3042);
    expect(await answerOf(3042)).toBe('starlette');
    await run('django', djangoProject(), 3043, { envVars: { SECRET_KEY: 'x' } });
    expect(await answerOf(3043)).toBe('django True True');
  });

  it('must show the last words of a program of Python that ends without a flush', async () => {
    await bed.git.create('killed', killedProject());
    const failed = await client.failFromGit({ environmentId, gitUrl: bed.git.url('killed') }, 180_000);
    expect(failed.errorMessage).toContain('could not read the configuration');
  });

  it('must build the program below cmd, with its vendored module and the files beside it', async () => {
    await run('go', goProject(), 3045, { container: 8080 });
    expect(await answerOf(3045, '/page')).toBe('<title>vendored</title>');
    const body = new FormData();
    body.set('file', new Blob(['x'.repeat(2 ** 20)]), 'file');
    expect(await (await fetch('http://127.0.0.1:3045/upload', { method: 'POST', body })).text()).toBe('1048576');
    expect(await answerOf(3045, '/zone')).toBe('14 1000 <nil>');
  });

  it('must serve a static site with relative redirects, its own page for what is missing, and caching', async () => {
    const deployment = await run('site', staticProject(), 3047, { container: 8080 });
    expect(deployment.build?.detected).toBe('a static site (public/index.html)');
    expect((await get(3047, '/docs')).headers.get('location')).toBe('/docs/');
    expect(await answerOf(3047, '/.well-known/security.txt')).toContain('Contact:');
    for (const path of ['/missing', '/.env', '/.git/config']) {
      const missing = await get(3047, path);
      expect({ status: missing.status, text: await missing.text() }).toEqual({ status: 404, text: 'our own page' });
    }
    expect((await get(3047)).headers.get('cache-control')).toBe('no-cache');
    expect((await get(3047, '/app.3f2b9c1d.js')).headers.get('cache-control')).toContain('immutable');
  });

  it('must name the Dockerfile that a runtime without detection needs', async () => {
    await bed.git.create('ruby', { Gemfile: '', 'config.ru': '' });
    const failed = await client.failFromGit({ environmentId, gitUrl: bed.git.url('ruby') });
    expect(failed).toMatchObject({ errorCode: 'DOCKERFILE_INVALID' });
    expect(failed.errorMessage).toContain('docs/builds.md#ruby');
  });
});
