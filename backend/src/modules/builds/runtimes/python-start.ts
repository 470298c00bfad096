import path from 'node:path/posix';
import { djangoOf } from './python-django.js';
import {
  moduleOf,
  namedApplicationOf,
  pythonFiles,
  searchedFolders,
  textOf,
  webApplicationOf,
  type WebApplication,
} from './python-modules.js';
import { onlyProcessOf } from './procfile.js';
import { packageName } from './python-requirements.js';
import type { PythonInstall } from './python-install.js';
import { PORT, type PythonStart, SERVERS, type StartInput } from './python-program.js';
import type { SourceFiles } from './source-files.js';

const ENTRIES = ['main.py', 'app.py', 'server.py', 'bot.py', 'worker.py', 'run.py', 'index.py', '__main__.py'];
/** Files of the root that are never the program. */
const NO_PROGRAM =
  /^(?:setup|conftest|versioneer|noxfile|tasks|fabfile|\w*_?settings|test_\w+|gunicorn(?:\.conf|_config)?)\.py$/;

/** Finds the start command by what is imported and required. */
export function pythonStartOf(files: SourceFiles, install: PythonInstall | undefined): PythonStart {
  const required = new Set((install?.requirements ?? []).flatMap((line) => packageName(line) ?? []));
  for (const line of install?.requirements ?? [])
    if (/^(?:fastapi|fastapi-cli|litestar) ?\[[^\]]{0,100}\b(?:standard|all)\b/i.test(line)) required.add('uvicorn');
  if (install?.isUnknown) for (const name of ['uvicorn', 'flask', 'sanic']) required.add(name);
  const input = { files, required, source: install?.source ?? 'requirements.txt' };
  const web = djangoOf(input) ?? pageToolOf(input) ?? serverOf(input);
  return web ?? processOf(files) ?? anyApplicationOf(input) ?? scriptOf(files, install);
}

function processOf(files: SourceFiles): PythonStart | undefined {
  const found = onlyProcessOf(files);
  return found && { start: found.command, reason: `start command from Procfile (${found.name})`, folders: [] };
}

/** Programs that serve one page of Python, by the name of their package. */
const PAGE_TOOLS: Record<string, { title: string; files: string[]; start: (page: string) => string }> = {
  streamlit: {
    title: 'Streamlit',
    files: ['streamlit_app.py', 'Home.py'],
    start: (page) =>
      `python -m streamlit run ${page} --server.address 0.0.0.0 --server.port ${PORT} --server.headless true`,
  },
  chainlit: {
    title: 'Chainlit',
    files: [],
    start: (page) => `chainlit run ${page} --headless --host 0.0.0.0 --port ${PORT}`,
  },
};

/** Streamlit, Chainlit and Gradio bring their own server. */
function pageToolOf({ files, required }: StartInput): PythonStart | undefined {
  const importing = (name: string) =>
    pythonFiles(files).find((file) => new RegExp(`^(?:from|import) ${name}\\b`, 'm').test(textOf(files, file)));
  for (const [name, tool] of Object.entries(PAGE_TOOLS)) {
    const page = required.has(name) ? (files.first(...tool.files) ?? importing(name)) : undefined;
    if (page !== undefined && isPlainPath(page))
      return { start: tool.start(page), reason: `${tool.title} with ${page}`, folders: [] };
  }
  const demo = required.has('gradio') ? importing('gradio') : undefined;
  if (demo === undefined || !isPlainPath(demo) || webApplicationOf(files) !== undefined) return undefined;
  return {
    start: `GRADIO_SERVER_PORT=${PORT} python ${demo}`,
    env: { GRADIO_SERVER_NAME: '0.0.0.0' },
    reason: `Gradio with ${demo}`,
    folders: [],
  };
}

function serverOf(input: StartInput): PythonStart | undefined {
  const found = webApplicationOf(input.files);
  if (found === undefined || !/^[\w.]+$/.test(found.module)) return undefined;
  const folders = searchedFolders(input.files, found.file);
  const server = commandOf(found, input.required);
  const what = `${found.framework} application ${found.name} in ${found.file}`;
  if (server !== undefined) return { start: server, reason: `start command for the ${what}`, folders };
  if (found.startsItself && isPlainPath(found.file))
    return {
      start: `python ${found.file}`,
      reason: `${found.file} starts the ${what}`,
      folders,
      // Dash listens where HOST says.
      ...(found.framework === 'Dash' && { env: { HOST: '0.0.0.0' } }),
    };
  const line = found.framework === 'Sanic' || found.framework === 'Flask' ? found.framework.toLowerCase() : 'uvicorn';
  return {
    missing: `There is the ${what}, but no server that runs it. Add the line ${line} to ${input.source}, or set startCommand.`,
    folders,
  };
}

/** Of a framework that is not known: a server is required, and a file has what servers look for. */
function anyApplicationOf({ files, required }: StartInput): PythonStart | undefined {
  const server = (['gunicorn', 'waitress', 'uvicorn'] as const).find((name) => required.has(name));
  const found = server === undefined ? undefined : namedApplicationOf(files);
  if (server === undefined || found === undefined || !/^[\w.]+$/.test(found.module)) return undefined;
  const start = SERVERS[server](`${found.module}:${found.name}`);
  const reason = `start command for the application ${found.name} in ${found.file}, with ${server}`;
  return { start, reason, folders: searchedFolders(files, found.file) };
}

/** The server that is required, with the address that a container must listen on. */
function commandOf(found: WebApplication, required: ReadonlySet<string>): string | undefined {
  const target = `${found.module}:${found.name}`;
  const call = found.isFactory ? `'${target}()'` : target;
  switch (found.framework) {
    case 'Flask': {
      if (required.has('gunicorn')) return SERVERS.gunicorn(call);
      if (required.has('waitress')) return SERVERS.waitress(found.isFactory ? `--call ${target}` : target);
      return [...required].some((name) => name.startsWith('flask'))
        ? `python -m flask --app ${target} run --host 0.0.0.0 --port ${PORT}`
        : undefined;
    }
    case 'Dash':
      return required.has('gunicorn') ? SERVERS.gunicorn(`${target}.server`) : undefined;
    case 'Sanic':
      return required.has('sanic')
        ? `python -m sanic ${found.isFactory ? `${target} --factory` : target} --host 0.0.0.0 --port ${PORT}`
        : undefined;
    case 'FastAPI':
    case 'Starlette':
    case 'Litestar':
    case 'Quart': {
      if (required.has('uvicorn') || required.has('uvicorn-worker'))
        return SERVERS.uvicorn(found.isFactory ? `${target} --factory` : target);
      if (required.has('hypercorn') || (found.framework === 'Quart' && required.has('quart')))
        return `python -m hypercorn --bind 0.0.0.0:${PORT} ${call}`;
      return required.has('granian') && !found.isFactory
        ? `python -m granian --interface asgi --host 0.0.0.0 --port ${PORT} ${target}`
        : undefined;
    }
  }
}

/** A program without a framework: a bot, a worker, a server of the standard library. */
function scriptOf(files: SourceFiles, install: PythonInstall | undefined): PythonStart {
  const script = install?.script;
  const entry =
    files.first(...ENTRIES) ??
    (script === undefined
      ? (onlyFileOf(files) ?? pythonFiles(files).find((file) => ENTRIES.includes(path.basename(file))))
      : undefined);
  if (entry !== undefined && isPlainPath(entry)) return startOfFile(files, entry);
  if (script !== undefined)
    return { start: script, reason: `start command ${script} from pyproject.toml`, folders: [] };
  return {
    missing:
      'There is no main.py, app.py or server.py. Set startCommand, for example python shop.py or python -m gunicorn --bind 0.0.0.0:$PORT shop:app.',
    folders: [],
  };
}

/** The only file of Python in the root, when nothing else can be the program. */
function onlyFileOf(files: SourceFiles): string | undefined {
  const all = pythonFiles(files);
  const found = all.filter((name) => !name.includes('/') && !NO_PROGRAM.test(name));
  const isAlone = found.length === 1 && !all.some((name) => ENTRIES.includes(path.basename(name)));
  return isAlone ? found[0] : undefined;
}

/** A file of a package is started as a module, so that its relative imports work. */
function startOfFile(files: SourceFiles, entry: string): PythonStart {
  const folder = path.dirname(entry);
  const module = moduleOf(files, entry).replace(/\.__main__$/, '');
  const isModule = files.has(`${folder}/__init__.py`) || module.startsWith('src.') || module.split('.').length > 2;
  const start = isModule && entry.includes('/') ? `python -m ${module}` : `python ${entry}`;
  return { start, reason: `start command from ${entry}`, folders: searchedFolders(files, entry) };
}

/** A path that needs no quotes in a shell. */
function isPlainPath(name: string): boolean {
  return /^[\w./-]+$/.test(name) && !name.startsWith('-');
}
