import { expect, it } from 'vitest';
import { starterBytes } from '../../../../test/fixtures/starter-bytes.js';
import { planBuild } from '../build-plan.js';
import { decodeWanted } from '../source-tree.js';
import { wantedFiles } from './wanted-files.js';

function planOf(name: string) {
  const files = starterBytes(name);
  const names = Object.keys(files);
  const texts = wantedFiles(names).flatMap((path) => {
    const bytes = files[path];
    return bytes ? [[path, decodeWanted(path, bytes)] as const] : [];
  });
  return planBuild({
    options: {
      buildContext: '.',
      dockerfile: null,
      baseImage: null,
      installCommand: null,
      buildCommand: null,
      startCommand: null,
    },
    origin: 'repository',
    files: { names: names.join('\0'), texts: new Map(texts) },
    buildArgNames: [],
    port: 8000,
    defaults: { nginxImage: 'nginx:1.30-alpine' },
  });
}

const UVICORN = '--host 0.0.0.0 --port ${PORT:-8000}';
const GUNICORN = 'python -m gunicorn --bind 0.0.0.0:${PORT:-8000}';
const COLLECT = '[ -e .collected-static ] || python manage.py collectstatic --noinput';
const REQUIREMENTS = 'Python 3.12 with pip (requirements.txt)';
const PYPROJECT = 'Python 3.12 with pip (pyproject.toml)';

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
  expect(planOf(name)).toMatchObject({ method: 'DETECTED', detected, startCommand, warnings: [] });
});

it('a starter must be installed itself only when it is a package', () => {
  const textOf = (name: string) => JSON.stringify(planOf(name));
  expect(textOf('fastapi-uv')).toContain('--no-deps .');
  expect(textOf('poetry')).not.toContain('--no-deps .');
});
