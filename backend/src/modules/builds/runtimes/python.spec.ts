import { describe, expect, it } from 'vitest';
import { detectPython } from './python.js';
import { SourceFiles } from './source-files.js';

type Texts = Record<string, string>;

const filesOf = (texts: Texts) =>
  SourceFiles.from({ names: Object.keys(texts).join('\0'), texts: new Map(Object.entries(texts)) });
const detect = (texts: Texts) => detectPython(filesOf(texts));

const FASTAPI = 'from fastapi import FastAPI\n\napp = FastAPI()\n';
const FLASK = 'from flask import Flask\n\napp = Flask(__name__)\n';
const MANAGE = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\nfrom django.core import x\n';
const DJANGO = {
  'manage.py': MANAGE,
  'shop/__init__.py': '',
  'shop/settings.py': '',
  'shop/wsgi.py': '',
  'shop/asgi.py': '',
};
const BY_DEFAULT = 'Python 3.12 by default: no file names a version';
const CREATE = 'python -m venv --system-site-packages --without-pip ~/.local';
const PIP = `${CREATE} && ~/.local/bin/python -m pip install --no-cache-dir`;

describe('a project of Python', () => {
  it('must be installed in an environment that the slim image gets', () => {
    expect(detect({ 'requirements.txt': 'fastapi\nuvicorn\n', 'main.py': FASTAPI })).toEqual({
      description: 'Python 3.12 with pip (requirements.txt)',
      reasons: [BY_DEFAULT, 'start command for the FastAPI application app in main.py'],
      baseImage: 'python:3.12-slim',
      buildImage: 'python:3.12-slim',
      install: `${PIP} -r requirements.txt`,
      installFolder: '/home/app/.local',
      dependencyFiles: ['requirements.txt'],
      start: 'python -m uvicorn main:app --host 0.0.0.0 --port ${PORT:-8000}',
      env: { PYTHONUNBUFFERED: '1' },
      defaultPort: 8000,
    });
  });

  it.each<[Texts, string]>([
    [{ '.python-version': '3.11.4\n', 'pyproject.toml': '[project]\nrequires-python = ">=3.13"' }, '3.11'],
    [{ '.python-version': '# pinned\ncpython-3.13\n' }, '3.13'],
    [{ '.python-version': '3.7\n' }, '3.7'],
    [{ 'runtime.txt': 'python-3.10.2\r\n' }, '3.10'],
    [{ '.tool-versions': 'nodejs 22.1.0\npython 3.11.9\n' }, '3.11'],
    [{ 'mise.toml': '[tools]\npython = "3.11"\n' }, '3.11'],
    [{ Pipfile: '[requires]\npython_version = "3.11"\n' }, '3.11'],
    [{ Pipfile: '[requires]\npython_full_version = "3.11.4"\n' }, '3.11.4'],
    [{ 'pyproject.toml': '[project]\nrequires-python = ">=3.9"' }, '3.12'],
    [{ 'pyproject.toml': '[project]\nrequires-python = ">=3.13"' }, '3.13'],
    [{ 'pyproject.toml': '[project]\nrequires-python = "<3.12,>=3.8"' }, '3.11'],
    [{ 'pyproject.toml': '[project]\nrequires-python = "~=3.10.0"' }, '3.10'],
    [{ 'pyproject.toml': '[project]\nrequires-python = ">= 3.10, != 3.12.*"' }, '3.13'],
    [{ 'pyproject.toml': '[project]\nrequires-python = "==3.11.4"' }, '3.11.4'],
    [{ 'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.11"' }, '3.12'],
    [{ 'pyproject.toml': '[tool.poetry.dependencies]\npython = "~3.11"' }, '3.11'],
    [{ 'pyproject.toml': '[tool.poetry.dependencies]\npython = ">=3.7,<3.9 || ^3.13"' }, '3.13'],
    [{ 'pyproject.toml': '[tool.poetry.dependencies]\npython = { version = "3.11.*" }' }, '3.11'],
    [{ 'pyproject.toml': '[project]\nrequires-python = "*"' }, '3.12'],
  ])('must get the version that it asks for: %j', (files, tag) => {
    expect(detect({ 'main.py': '', ...files })).toMatchObject({ baseImage: `python:${tag}-slim` });
  });

  it.each(['>=4', '<3.6', '==3.99.*', 'whatever', '>=3.20,<3.21'])(
    'must be told when no version satisfies it: %s',
    (range) => {
      const found = detect({ 'main.py': '', 'pyproject.toml': `[project]\nrequires-python = "${range}"` });
      expect(found?.problem).toMatch(/^No released version of Python satisfies requires-python.*baseImage/);
    },
  );

  it('must get the dependencies of a pyproject that is no package, and not itself', () => {
    const texts = {
      'pyproject.toml':
        '[project]\nname = "flat"\ndependencies = ["itsdangerous", "requests[socks] >= 2, < 3 ; python_version < \'4\'"]',
      'main.py': '',
      'models/__init__.py': '',
    };
    expect(detect(texts)).toMatchObject({
      description: 'Python 3.12 with pip (pyproject.toml)',
      install: `${PIP} -r /tmp/requirements.txt`,
      generatedFile: {
        path: '/tmp/requirements.txt',
        content: "itsdangerous\nrequests[socks] >= 2, < 3 ; python_version < '4'\n",
      },
      dependencyFiles: [],
    });
    expect(detect(texts)).not.toHaveProperty('build');
  });

  it('must get the dependencies of Poetry and Pipenv without a lock file', () => {
    const poetry = `[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = "^3.12"
itsdangerous = "*"\nflask = "^3.0.1"\nold = "^0.2.3"\nnear = "~1.4"\nexact = "1.0"
more = { version = ">=2", extras = ["a", "b"] }\nskipped = { version = "1", optional = true }\nlib = { git = "https://example.com/lib.git", tag = "v1" }`;
    expect(detect({ 'pyproject.toml': poetry, 'main.py': '' })?.generatedFile?.content).toBe(
      'itsdangerous\nflask>=3.0.1,<4\nold>=0.2.3,<0.3\nnear>=1.4,<1.5\nexact==1.0\nmore[a,b]>=2\nlib @ git+https://example.com/lib.git@v1\n',
    );
    const pipfile = '[packages]\nitsdangerous = "*"\nflask = ">=2"\n[requires]\npython_version = "3.12"\n';
    expect(detect({ Pipfile: pipfile, 'main.py': '' })).toMatchObject({
      description: 'Python 3.12 with pip (Pipfile)',
      generatedFile: { content: 'itsdangerous\nflask>=2\n' },
    });
  });

  it.each(['--index-url https://example.com', '-e .', './lib', 'a\nb', 'a b', '$(id)'])(
    'must be refused with a dependency that is none: %j',
    (line) => {
      const text = `[project]\ndependencies = [${JSON.stringify(line)}]`;
      expect(() => detect({ 'pyproject.toml': text, 'main.py': '' })).toThrow('is not a requirement of Python');
    },
  );

  it('must be installed by the tool whose lock file it has', () => {
    const pyproject = '[project]\nname = "shop"\ndependencies = ["fastapi[standard]"]\n';
    const uv = detect({ 'pyproject.toml': pyproject, 'uv.lock': '', 'requirements.txt': '', 'main.py': FASTAPI });
    expect(uv).toMatchObject({
      description: 'Python 3.12 with uv (uv.lock)',
      dependencyFiles: ['pyproject.toml', 'uv.lock'],
    });
    expect(uv?.install).toMatch(/uv sync --frozen --no-dev /);
    expect(uv?.start).toMatch(/^python -m uvicorn main:app/);
    const poetry = detect({ 'pyproject.toml': '[tool.poetry.dependencies]\n', 'poetry.lock': '', 'main.py': '' });
    expect(poetry?.description).toBe('Python 3.12 with Poetry (poetry.lock)');
    expect(poetry?.install).toMatch(/poetry install --only main --no-root /);
    const pipenv = detect({ Pipfile: '[packages]\nflask = "*"', 'Pipfile.lock': '{}', 'app.py': FLASK });
    expect(pipenv?.description).toBe('Python 3.12 with Pipenv (Pipfile.lock)');
    expect(pipenv?.install).toMatch(/pipenv install --deploy --system$/);
  });

  it('must be installed itself when it is a package', () => {
    const pyproject =
      '[project]\nname = "shop"\ndependencies = []\n[project.scripts]\nshop = "shop.cli:main"\n[build-system]\nrequires = ["hatchling"]\n';
    expect(detect({ 'pyproject.toml': pyproject, 'src/shop/__init__.py': '', 'src/shop/cli.py': '' })).toMatchObject({
      build: '~/.local/bin/python -m pip install --no-cache-dir --no-deps .',
      start: 'shop',
    });
  });

  it('must copy the files of requirements that include each other, or all files when these are in a folder', () => {
    const included = detect({
      'requirements.txt': '-r requirements-base.txt\nflask',
      'requirements-base.txt': 'gunicorn',
      'app.py': FLASK,
    });
    expect(included).toMatchObject({
      dependencyFiles: ['requirements.txt', 'requirements-base.txt'],
      start: 'python -m gunicorn --bind 0.0.0.0:${PORT:-8000} app:app',
    });
    expect(
      detect({ 'requirements/base.txt': 'flask', 'requirements/prod.txt': '-r base.txt\ngunicorn', 'app.py': FLASK }),
    ).toMatchObject({
      description: 'Python 3.12 with pip (requirements/prod.txt)',
      dependencyFiles: [],
      start: 'python -m gunicorn --bind 0.0.0.0:${PORT:-8000} app:app',
    });
  });
});

describe('the start command of a project of Python', () => {
  it.each<[string, Texts, string]>([
    ['flask', { 'app.py': FLASK }, 'python -m flask --app app:app run --host 0.0.0.0 --port ${PORT:-8000}'],
    ['flask\nwaitress', { 'app.py': FLASK }, 'python -m waitress --listen=0.0.0.0:${PORT:-8000} app:app'],
    [
      'flask\ngunicorn',
      { 'shop/__init__.py': 'from flask import Flask\ndef create_app(config=None):\n    app = Flask(__name__)\n' },
      "python -m gunicorn --bind 0.0.0.0:${PORT:-8000} 'shop:create_app()'",
    ],
    [
      'fastapi\nuvicorn[standard]',
      { 'app/main.py': FASTAPI, 'app/__init__.py': '' },
      'python -m uvicorn app.main:app --host 0.0.0.0 --port ${PORT:-8000}',
    ],
    ['fastapi[standard]', { 'src/main.py': FASTAPI }, 'python -m uvicorn main:app --host 0.0.0.0 --port ${PORT:-8000}'],
    [
      'fastapi\nuvicorn',
      { 'src/main.py': `from src.db import x\n${FASTAPI}` },
      'python -m uvicorn src.main:app --host 0.0.0.0 --port ${PORT:-8000}',
    ],
    [
      'starlette\nhypercorn',
      {
        'main.py':
          'import starlette.applications\napi: Starlette = starlette.applications.Starlette()\nasgi = Starlette(\n',
      },
      'python -m hypercorn --bind 0.0.0.0:${PORT:-8000} main:asgi',
    ],
    [
      'chainlit',
      { 'app.py': 'import chainlit as cl\n' },
      'chainlit run app.py --headless --host 0.0.0.0 --port ${PORT:-8000}',
    ],
    [
      'streamlit',
      { 'app.py': 'import streamlit as st\n' },
      'python -m streamlit run app.py --server.address 0.0.0.0 --server.port ${PORT:-8000} --server.headless true',
    ],
    ['gradio', { 'app.py': 'import gradio as gr\n' }, 'GRADIO_SERVER_PORT=${PORT:-8000} python app.py'],
    ['django\ngunicorn', DJANGO, 'python -m gunicorn --bind 0.0.0.0:${PORT:-8000} shop.wsgi'],
    ['django\nuvicorn', DJANGO, 'python -m uvicorn shop.asgi:application --host 0.0.0.0 --port ${PORT:-8000}'],
    [
      'channels\ndaphne\ngunicorn\ndjango',
      DJANGO,
      'python -m daphne -b 0.0.0.0 -p ${PORT:-8000} shop.asgi:application',
    ],
    ['django', DJANGO, 'python manage.py runserver --noreload 0.0.0.0:${PORT:-8000}'],
    [
      'django\ngunicorn',
      { 'site/manage.py': MANAGE, 'site/shop/wsgi.py': '' },
      'python -m gunicorn --bind 0.0.0.0:${PORT:-8000} shop.wsgi',
    ],
    [
      'flask\ngunicorn',
      {
        'wsgi.py': 'from shop import create_app\n\napp = create_app()\n',
        'shop/__init__.py': FLASK.replace('\napp', '\n  app'),
      },
      'python -m gunicorn --bind 0.0.0.0:${PORT:-8000} wsgi:app',
    ],
    [
      'litestar[standard]',
      { 'app.py': 'from litestar import Litestar\napp = Litestar([])\n' },
      'python -m uvicorn app:app --host 0.0.0.0 --port ${PORT:-8000}',
    ],
    [
      'falcon\ngunicorn',
      { 'src/app.py': 'import falcon\napplication = falcon.App()\n' },
      'python -m gunicorn --bind 0.0.0.0:${PORT:-8000} app:application',
    ],
    [
      'bottle\nwaitress',
      { 'wsgi.py': 'app = default_app()\n' },
      'python -m waitress --listen=0.0.0.0:${PORT:-8000} wsgi:app',
    ],
    ['aiohttp\ngunicorn', { 'app.py': 'app = web.Application()\nweb.run_app(app)\n' }, 'python app.py'],
    ['discord.py', { 'bot.py': '' }, 'python bot.py'],
    ['', { 'main.py': '' }, 'python main.py'],
    ['', { 'app/main.py': '', 'app/__init__.py': '' }, 'python -m app.main'],
  ])('must be that of what is required and imported: %j', (requirements, texts, start) => {
    expect(detect({ 'requirements.txt': requirements, ...texts })?.start).toBe(start);
  });

  it('must find modules beside a program in a folder', () => {
    const texts = {
      'requirements.txt': 'fastapi\nuvicorn',
      'app/main.py': `from routes import x\n${FASTAPI}`,
      'app/routes.py': '',
    };
    expect(detect(texts)).toMatchObject({
      env: { PYTHONPATH: '/app/app' },
      start: expect.stringContaining('app.main:app') as string,
    });
    expect(detect({ 'requirements.txt': 'fastapi\nuvicorn', 'src/shop/main.py': FASTAPI })).toMatchObject({
      env: { PYTHONPATH: '/app/src' },
      start: expect.stringContaining('shop.main:app') as string,
    });
  });

  it('must name the line to add when no server is required, unless the program starts one itself', () => {
    const texts = { 'requirements.txt': 'fastapi\n', 'main.py': FASTAPI };
    expect(detect(texts)).toMatchObject({
      missing:
        'There is the FastAPI application app in main.py, but no server that runs it. Add the line uvicorn to requirements.txt, or set startCommand.',
    });
    expect(detect(texts)).not.toHaveProperty('start');
    const own = `${FASTAPI}\nif __name__ == "__main__":\n    server.run(app)\n`;
    expect(detect({ ...texts, 'main.py': own })?.start).toBe('python main.py');
  });

  it('must collect static files where settings say where they go, at the start when the build cannot', () => {
    const settings = "INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = BASE_DIR / 'static'\n";
    const found = detect({ 'requirements.txt': 'django\ngunicorn', ...DJANGO, 'shop/settings.py': settings });
    expect(found?.build).toMatch(/^\{ python manage\.py collectstatic --noinput && touch .* \|\| echo .*; \}$/);
    expect(found?.start).toBe(
      '[ -e .collected-static ] || python manage.py collectstatic --noinput; exec python -m gunicorn --bind 0.0.0.0:${PORT:-8000} shop.wsgi',
    );
  });

  it('must be found in linear time', () => {
    const long = 'a'.repeat(60_000);
    const began = process.cpuUsage();
    for (const text of [
      `app: ${long}`,
      `def create_app(${','.repeat(60_000)}`,
      ' '.repeat(60_000),
      `import ${long}`,
      `${long}[${long}`,
    ])
      detect({
        'requirements.txt': text,
        'main.py': text,
        'manage.py': text,
        '.python-version': text,
        'pyproject.toml': text,
      });
    expect(process.cpuUsage(began).user).toBeLessThan(2_000_000);
  });
});
