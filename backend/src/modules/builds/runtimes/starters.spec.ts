/** Plans the starters of test/fixtures/starters; test/long/starters-*.long-spec.ts builds and runs them. */
import { describe, expect, it } from 'vitest';
import { starterFiles } from '../../../../test/fixtures/starter-files.js';
import { planBuild } from '../build-plan.js';
import { decodeWanted } from '../source-tree.js';
import { wantedFiles } from './wanted-files.js';

function plan(name: string, workspaceFolder?: string) {
  const files = starterFiles(name);
  const names = Object.keys(files);
  const texts = wantedFiles(names).flatMap((path) => {
    const bytes = files[path];
    return bytes ? [[path, decodeWanted(path, bytes)] as const] : [];
  });
  return planBuild({
    options: {
      buildContext: workspaceFolder ?? '.',
      dockerfile: null,
      baseImage: null,
      installCommand: null,
      buildCommand: null,
      startCommand: null,
    },
    origin: 'repository',
    files: { names: names.join('\0'), texts: new Map(texts) },
    buildArgNames: [],
    port: undefined,
    ...(workspaceFolder !== undefined && { workspaceFolder }),
    defaults: { nginxImage: 'nginx:1.30-alpine' },
  });
}

const NPM_22 = 'Node.js 22 with npm (no lock file)';
const NPM_24 = 'Node.js 24 with npm (no lock file)';
const UVICORN = '--host 0.0.0.0 --port ${PORT:-8000}';
const GUNICORN = 'python -m gunicorn --bind 0.0.0.0:${PORT:-8000}';
const COLLECT = '[ -e .collected-static ] || python manage.py collectstatic --noinput';
const REQUIREMENTS = 'Python 3.12 with pip (requirements.txt)';
const PYPROJECT = 'Python 3.12 with pip (pyproject.toml)';

describe('the starter of a framework', () => {
  it.each([
    ['vite-vanilla', `Vite with ${NPM_22}`, 'nginx'],
    ['vite-react-ts', `Vite with ${NPM_22}`, 'nginx'],
    ['vite-vue', 'Vite with Node.js 22 with pnpm (pnpm-lock.yaml)', 'nginx'],
    ['vite-svelte', `Vite with ${NPM_22}`, 'nginx'],
    ['express', NPM_22, 'node ./bin/www'],
    ['express-ts', NPM_22, 'node dist/index.js'],
    ['koa', NPM_22, 'node app.js'],
    ['fastify', NPM_22, 'fastify start -l info app.js'],
    ['hono-node', 'Node.js 22 with bun (bun.lock)', 'node dist/index.js'],
    ['nest', NPM_22, 'node dist/main'],
    ['eleventy', `Eleventy with ${NPM_24}`, 'nginx'],
    ['astro', `Astro with ${NPM_24}`, 'nginx'],
    ['astro-node', NPM_24, 'node ./dist/server/entry.mjs'],
    ['sveltekit', NPM_22, 'node build'],
    ['sveltekit-node', NPM_22, 'node build'],
    ['sveltekit-static', `SvelteKit adapter-static with ${NPM_22}`, 'nginx'],
    ['react-router', NPM_22, 'react-router-serve ./build/server/index.js'],
    ['angular', `Angular with ${NPM_22}`, 'nginx'],
    ['nuxt', NPM_22, 'node .output/server/index.mjs'],
    ['docusaurus', `Docusaurus with ${NPM_24}`, 'nginx'],
    ['next-app', NPM_22, 'next start'],
    ['next-standalone', NPM_22, 'node server.js'],
    ['next-export', `Next.js export with ${NPM_22}`, 'nginx'],
  ])('must be recognized, and started as its documentation says: %s', (name, detected, start) => {
    const { detected: found, startCommand } = plan(name);
    expect([found, startCommand]).toEqual([detected, start]);
  });

  it('must name startCommand, when its build makes no server', () => {
    expect(() => plan('tanstack-start')).toThrow('Set startCommand, such as "npx --yes srvx --prod');
  });

  it('must name buildContext, when it is a workspace', () => {
    expect(() => plan('pnpm-monorepo')).toThrow('Set buildContext to the package to deploy: apps/web.');
    const { detected, startCommand } = plan('pnpm-monorepo', 'apps/web');
    expect([detected, startCommand]).toEqual(['Node.js 24 with pnpm (pnpm-lock.yaml)', 'next start']);
  });
});

it.each<[name: string, detected: string, startCommand: string | null]>([
  ['fastapi', REQUIREMENTS, `python -m uvicorn app.main:app ${UVICORN}`],
  ['fastapi-uv', 'Python 3.11 with pip (pyproject.toml)', `python -m uvicorn tide_table.main:app ${UVICORN}`],
  ['flask', PYPROJECT, `python -m flask --app flaskr:create_app run ${UVICORN}`],
  ['flask-simple', REQUIREMENTS, `python -m flask --app app:app run ${UVICORN}`],
  ['django', REQUIREMENTS, `${COLLECT}; exec ${GUNICORN} mysite.wsgi`],
  ['django-bare', REQUIREMENTS, 'python mysite/manage.py runserver --noreload 0.0.0.0:${PORT:-8000}'],
  ['poetry', PYPROJECT, `${GUNICORN} bread_list.app:app`],
  ['pipenv', 'Python 3.12 with pip (Pipfile)', `${GUNICORN} app:app`],
  [
    'streamlit',
    'Python 3.11 with pip (requirements.txt)',
    'python -m streamlit run streamlit_app.py --server.address 0.0.0.0 --server.port ${PORT:-8000} --server.headless true',
  ],
  ['aiohttp', REQUIREMENTS, 'python main.py'],
  ['python-worker', REQUIREMENTS, 'python bot.py'],
  ['procfile', REQUIREMENTS, 'gunicorn --config gunicorn.conf.py gettingstarted.wsgi'],
  ['windows-freeze', REQUIREMENTS, `python -m flask --app app:app run ${UVICORN}`],
  ['go-http', 'Go 1.24 (go.mod)', 'hello'],
  ['go-gin', 'Go 1.24 (go.mod)', 'server'],
  ['go-chi', 'Go 1.24 (go.mod)', 'api'],
  ['hugo-output', 'a static site (public/index.html)', null],
  ['jekyll-output', 'a static site (_site/index.html)', null],
])('the starter %s must be detected as %s and started by %s', (name, detected, startCommand) => {
  expect(plan(name)).toMatchObject({ method: 'DETECTED', detected, startCommand, warnings: [] });
});

it('a starter must be installed itself only when it is a package', () => {
  const textOf = (name: string) => JSON.stringify(plan(name));
  expect(textOf('fastapi-uv')).toContain('--no-deps .');
  expect(textOf('poetry')).not.toContain('--no-deps .');
});
