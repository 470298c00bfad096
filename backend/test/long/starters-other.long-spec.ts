/** Starters of Python, Go and static sites, each built and asked: only the URL and the port are known. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { starterFiles } from '../fixtures/starter-files.js';
import type { ApiClient } from '../scenario/api-client.js';
import { type GitPlatform, startGitPlatform } from '../scenario/git-platform.js';
import { eventually } from '../testbed/eventually.js';
import { ensureStarterImages } from '../testbed/images.js';
import { goSum } from '../testbed/starter-roots.js';

const HOST_PORT = 3061;
const BUILD_MS = 400_000;
const IMAGES_MS = 600_000;

interface Starter {
  name: string;
  /** none: a worker, which has to run and to print the text */
  container?: number;
  path?: string;
  text: string;
}

const STARTERS: Starter[] = [
  { name: 'fastapi', container: 8000, path: '/items/plumbus', text: '{"item_id":"plumbus","shelf":"upper"}' },
  { name: 'fastapi-uv', container: 8000, text: '{"tide":"high"}' },
  { name: 'flask', container: 5000, text: 'No posts in SQLite 3.' },
  { name: 'flask-simple', container: 5000, text: 'A small Flask page' },
  { name: 'django', container: 8000, path: '/static/admin/css/base.css', text: 'DJANGO Admin styles' },
  { name: 'django-bare', container: 8000, path: '/admin/login/', text: 'Django administration' },
  { name: 'poetry', container: 8000, text: 'rye, spelt' },
  { name: 'pipenv', container: 8000, text: '{"server":"gunicorn' },
  { name: 'streamlit', container: 8501, text: '<title>Streamlit</title>' },
  { name: 'aiohttp', container: 8080, text: 'Hello from aiohttp' },
  { name: 'python-worker', text: 'bot is alive' },
  { name: 'procfile', container: 8000, text: 'Hello from the Procfile' },
  { name: 'windows-freeze', container: 5000, text: 'Written on Windows' },
  { name: 'go-http', container: 8080, text: 'Hello from net/http' },
  { name: 'go-gin', container: 8080, path: '/albums', text: 'Blue Train' },
  { name: 'go-chi', container: 8080, path: '/notes/7', text: 'note 7' },
  { name: 'hugo-output', container: 8080, path: '/posts/first/', text: 'The first post.' },
  { name: 'jekyll-output', container: 8080, path: '/2026/01/02/welcome', text: 'Welcome to Jekyll!' },
];

describe('a starter of which only the URL and the port are known', () => {
  let bed: GitPlatform;
  let client: ApiClient;
  let environmentId: string;
  let tried = 0;
  let answered = 0;

  beforeAll(async () => {
    await ensureStarterImages();
    bed = await startGitPlatform();
    client = bed.client;
    environmentId = (await client.createEnvironment()).id;
  }, IMAGES_MS);
  afterAll(async () => {
    process.stdout.write(`starters of Python, Go and sites: ${answered} of ${tried} without any field\n`);
    await bed?.stop();
  });

  it.each(STARTERS)(
    'must run and answer: $name',
    async ({ name, container, path = '/', text }) => {
      tried++;
      const files = starterFiles(name);
      if (files['go.mod']?.includes('require')) files['go.sum'] = Buffer.from(await goSum());
      await bed.git.create(name, files);
      const ports = container === undefined ? {} : { ports: [{ container, host: HOST_PORT }] };
      const body = { environmentId, name, gitUrl: bed.git.url(name), ...ports };
      const { id } = await client.runFromGit(body, BUILD_MS);
      await eventually(async () => {
        const answer =
          container === undefined
            ? await client.logs(id)
            : await (await fetch(`http://127.0.0.1:${HOST_PORT}${path}`)).text();
        expect(answer).toContain(text);
      }, 30_000);
      answered++;
      await client.ok('DELETE', `/deployments/${id}`);
      await client.expectDeployment(id, 'STOPPED', 60_000);
    },
    BUILD_MS + 120_000,
  );
});
