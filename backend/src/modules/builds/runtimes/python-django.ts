import path from 'node:path/posix';
import { textOf } from './python-modules.js';
import { PORT, type PythonStart, SERVERS, type StartInput } from './python-program.js';
import { closestFirst } from './source-files.js';

/** `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")` */
const SETTINGS = /DJANGO_SETTINGS_MODULE["'], ?["']([\w.]{1,200})["']/;
const COLLECTED = '.collected-static';

/** A project of Django, by its manage.py; undefined when it is none. */
export function djangoOf(input: StartInput): PythonStart | undefined {
  const { files, required } = input;
  const manage = files.first('manage.py') ?? [...files.names].find((name) => /^[\w.-]{1,100}\/manage\.py$/.test(name));
  if (manage === undefined || !/\bdjango\b/.test(textOf(files, manage))) return undefined;
  const root = path.dirname(manage);
  const folders = root === '.' ? [] : [root];
  const [wsgi, asgi] = ['wsgi.py', 'asgi.py'].map((name) => moduleBelow(input, root, name));
  const server = serverOf(required, wsgi, asgi);
  const collect = collectsStatic(input, root) ? collectStatic(manage) : undefined;
  const start = server ?? `python ${manage} runserver --noreload 0.0.0.0:${PORT}`;
  return {
    start: collect === undefined ? start : `[ -e ${COLLECTED} ] || ${collect.command}; exec ${start}`,
    ...(collect && { build: collect.build }),
    reason:
      server === undefined
        ? `Django's development server: add the line gunicorn to ${input.source} for one that is made for production`
        : `start command for Django from ${manage}`,
    folders,
  };
}

function serverOf(
  required: ReadonlySet<string>,
  wsgi: string | undefined,
  asgi: string | undefined,
): string | undefined {
  if (asgi !== undefined && required.has('daphne')) return `python -m daphne -b 0.0.0.0 -p ${PORT} ${asgi}:application`;
  if (asgi !== undefined && required.has('uvicorn') && (required.has('channels') || !required.has('gunicorn')))
    return SERVERS.uvicorn(`${asgi}:application`);
  if (wsgi !== undefined && required.has('gunicorn')) return SERVERS.gunicorn(wsgi);
  if (wsgi !== undefined && required.has('waitress')) return SERVERS.waitress(`${wsgi}:application`);
  return undefined;
}

/** The module of the project's own wsgi.py: beside the settings that manage.py names, else the first. */
function moduleBelow({ files }: StartInput, root: string, name: string): string | undefined {
  const prefix = root === '.' ? '' : `${root}/`;
  const settings = SETTINGS.exec(textOf(files, `${prefix}manage.py`))?.[1]?.split('.')[0];
  const found = [...files.names]
    .filter((file) => file.startsWith(prefix) && (file === prefix + name || file.endsWith(`/${name}`)))
    .sort(closestFirst);
  const file = found.find((each) => each.startsWith(`${prefix}${settings ?? ''}/`)) ?? found[0];
  const module = file?.slice(prefix.length, -'.py'.length).replaceAll('/', '.');
  return module !== undefined && /^[\w.]+$/.test(module) ? module : undefined;
}

/** True when the settings say where collected files go. */
function collectsStatic({ files }: StartInput, root: string): boolean {
  const prefix = root === '.' ? '' : `${root}/`;
  const settings = [...files.names].filter(
    (name) => name.startsWith(prefix) && (name.endsWith('/settings.py') || /\/settings\/\w{1,60}\.py$/.test(name)),
  );
  const texts = settings.map((name) => textOf(files, name)).join('\n');
  return /^STATIC_ROOT ?[=:]/m.test(texts) && /django\.contrib\.staticfiles/.test(texts);
}

/** Settings often need variables that only the container has: then its start collects the files. */
function collectStatic(manage: string): { command: string; build: string } {
  const command = `python ${manage} collectstatic --noinput`;
  const later = 'echo "collectstatic failed, as when settings need variables of the container: its start runs it"';
  return { command, build: `{ ${command} && touch ${COLLECTED} || ${later}; }` };
}
