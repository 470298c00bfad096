import path from 'node:path/posix';
import { depthOf, type SourceFiles } from './source-files.js';

export type Framework = 'FastAPI' | 'Starlette' | 'Litestar' | 'Quart' | 'Sanic' | 'Flask' | 'Dash';

/** An application object of a web framework, as a server addresses it. */
export interface WebApplication {
  file: string;
  framework: Framework;
  /** `app.main` */
  module: string;
  /** `app`, or `create_app` of a factory */
  name: string;
  isFactory: boolean;
  /** the file starts a server itself when it is run */
  startsItself: boolean;
}

/** Names of files that hold the application, the likeliest first. */
const STEMS = ['main', 'app', 'server', 'application', 'api', 'asgi', 'wsgi', 'run', 'index', '__init__'];
/** `app = FastAPI(`, also with a type and a module before the class */
const ASSIGNED =
  /^(\w{1,60})(?:: ?[\w.]{1,60})? ?= ?(?:[a-z_]\w{0,60}\.)?(FastAPI|Starlette|Litestar|Quart|Sanic|Flask|Dash)\(/m;
/** `application = create_app()` */
const FROM_FACTORY = /^(app|application|server|api) ?= ?(?:create_app|make_app|get_app|build_app)\(/m;
/** `application = make_wsgi_app()`, of any framework */
const NAMED = /^(app|application) ?= ?[a-zA-Z_]/m;
const FACTORY = /^(?:async )?def (create_app|make_app)\(([^)]{0,300})\)/m;
const IMPORTED: [RegExp, Framework][] = [
  [/^(?:from|import) fastapi\b/m, 'FastAPI'],
  [/^(?:from|import) litestar\b/m, 'Litestar'],
  [/^(?:from|import) quart\b/m, 'Quart'],
  [/^(?:from|import) sanic\b/m, 'Sanic'],
  [/^(?:from|import) flask\b/m, 'Flask'],
  [/^(?:from|import) starlette\b/m, 'Starlette'],
];
const STARTS_ITSELF = /\b(?:run|serve|run_app|run_server|run_forever)\(/;
const MAIN_GUARD = /^if __name__ ?== ?["']__main__["']/m;

/** Files of Python that may be programs: of the root, of `src`, of a package. The closest to the root first. */
export function pythonFiles(files: SourceFiles): string[] {
  const rank = (name: string) => {
    const at = STEMS.indexOf(path.basename(name, '.py'));
    return at < 0 ? STEMS.length : at;
  };
  return [...files.names]
    .filter((name) => name.endsWith('.py') && !/(?:^|\/)(?:tests?|migrations|docs|examples)\//.test(name))
    .filter((name) => files.text(name) !== undefined && !path.basename(name).startsWith('test_'))
    .sort((a, b) => depthOf(a) - depthOf(b) || rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** The application that the files define; undefined when there is none. */
export function webApplicationOf(files: SourceFiles): WebApplication | undefined {
  const candidates = pythonFiles(files);
  return firstOf(candidates, (file) => assigned(files, file)) ?? firstOf(candidates, (file) => factory(files, file));
}

/** A variable with the name that WSGI and ASGI servers look for, in a file that starts no server itself. */
export function namedApplicationOf(files: SourceFiles): Pick<WebApplication, 'file' | 'module' | 'name'> | undefined {
  return firstOf(pythonFiles(files), (file) => {
    const text = textOf(files, file);
    const name =
      STEMS.includes(path.basename(file, '.py')) && !STARTS_ITSELF.test(text) ? NAMED.exec(text)?.[1] : undefined;
    return name === undefined ? undefined : { file, module: moduleOf(files, file), name };
  });
}

function firstOf<T>(items: string[], find: (item: string) => T | undefined): T | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function assigned(files: SourceFiles, file: string): WebApplication | undefined {
  const text = textOf(files, file);
  const [, name, framework] = ASSIGNED.exec(text) ?? [];
  if (name !== undefined && framework !== undefined)
    return application(files, file, { name, framework: framework as Framework, isFactory: false });
  const made = FROM_FACTORY.exec(text)?.[1];
  const kind = made === undefined ? undefined : frameworkOf(files, text);
  return made === undefined || kind === undefined
    ? undefined
    : application(files, file, { name: made, framework: kind, isFactory: false });
}

/** A factory without required parameters. */
function factory(files: SourceFiles, file: string): WebApplication | undefined {
  const text = textOf(files, file);
  const [, name, parameters = ''] = FACTORY.exec(text) ?? [];
  const isCallable = parameters.split(',').every((each) => each.trim() === '' || /[=*]/.test(each));
  const framework = frameworkOf(files, text);
  if (name === undefined || !isCallable || framework === undefined) return undefined;
  return application(files, file, { name, framework, isFactory: true });
}

/** What this file imports; else what another one does, as of an application that its package makes. */
function frameworkOf(files: SourceFiles, text: string): Framework | undefined {
  const texts = [text, ...pythonFiles(files).map((file) => textOf(files, file))];
  for (const each of texts) {
    const found = IMPORTED.find(([pattern]) => pattern.test(each));
    if (found) return found[1];
  }
  return undefined;
}

function application(
  files: SourceFiles,
  file: string,
  found: Pick<WebApplication, 'name' | 'framework' | 'isFactory'>,
): WebApplication {
  const text = textOf(files, file);
  const startsItself = MAIN_GUARD.test(text) && STARTS_ITSELF.test(text.slice(text.search(MAIN_GUARD)));
  return { ...found, file, module: moduleOf(files, file), startsItself };
}

/** `src/shop/main.py` is `shop.main`, unless the project itself imports from `src`. */
export function moduleOf(files: SourceFiles, file: string): string {
  const name = file.startsWith('src/') && !importsSrc(files) ? file.slice('src/'.length) : file;
  return name
    .slice(0, -'.py'.length)
    .replace(/\/__init__$/, '')
    .replaceAll('/', '.');
}

/** Folders that Python must search for modules, beside the working folder. */
export function searchedFolders(files: SourceFiles, file: string): string[] {
  const folder = path.dirname(file);
  if (file.startsWith('src/') && !importsSrc(files))
    return folder === 'src' ? ['src'] : ['src', ...besides(files, file)];
  return besides(files, file);
}

/** The folder of a file that imports its neighbours by their bare names. */
function besides(files: SourceFiles, file: string): string[] {
  const folder = path.dirname(file);
  if (folder === '.') return [];
  for (const [, name = ''] of textOf(files, file).matchAll(/^(?:from|import) (\w{1,100})\b/gm)) {
    const isHere = files.has(`${folder}/${name}.py`) || files.hasFolder(`${folder}/${name}`);
    if (isHere && !files.has(`${name}.py`) && !files.hasFolder(name)) return [folder];
  }
  return [];
}

function importsSrc(files: SourceFiles): boolean {
  return [...files.names].some((name) => name.endsWith('.py') && /^(?:from|import) src[. ]/m.test(textOf(files, name)));
}

export function textOf(files: SourceFiles, file: string): string {
  return files.text(file) ?? '';
}
