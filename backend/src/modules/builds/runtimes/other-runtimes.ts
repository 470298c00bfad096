import path from 'node:path/posix';
import { closestFirst, depthOf, type SourceFiles } from './source-files.js';

/** Runtimes that have a Dockerfile in docs/builds.md, by a file of their projects. */
const OTHERS: { name: string; section: string; files: string[]; ending?: string }[] = [
  { name: 'Ruby', section: 'ruby', files: ['Gemfile', 'config.ru'] },
  { name: 'PHP', section: 'php', files: ['composer.json', 'index.php', 'artisan', 'public/index.php'] },
  {
    name: 'Java or Kotlin',
    section: 'java-and-kotlin',
    files: ['pom.xml', 'build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts'],
  },
  { name: '.NET', section: 'net', files: ['global.json'], ending: '.csproj' },
  { name: '.NET', section: 'net', files: [], ending: '.sln' },
  { name: '.NET', section: 'net', files: [], ending: '.fsproj' },
  { name: 'Rust', section: 'rust', files: ['Cargo.toml'] },
  { name: 'Elixir', section: 'elixir', files: ['mix.exs'] },
  { name: 'Deno', section: 'deno', files: ['deno.json', 'deno.jsonc', 'deno.lock'] },
];
const COMPOSE = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const GENERATORS = ['_config.yml', 'hugo.toml', 'hugo.yaml', 'hugo.json', 'mkdocs.yml', 'mkdocs.yaml', 'book.toml'];
/** Names that are no default of `docker build`. */
const OTHER_DOCKERFILE = /^(?:Containerfile|Dockerfile[.-][\w.-]{1,60}|[\w.-]{1,60}\.Dockerfile)$/i;
const DEPTH = 2;
const MAX_FOLDERS = 10;

/** The file of a runtime that Berth does not detect, and what to add; undefined when no file tells. */
export function otherRuntimeOf(files: SourceFiles): string | undefined {
  const generator = generatorOf(files);
  if (generator !== undefined) return generator;
  for (const { name, section, files: marks, ending } of OTHERS) {
    const seen = files.first(...marks) ?? (ending === undefined ? undefined : endingWith(files, ending));
    if (seen !== undefined)
      return `${seen} belongs to ${name}, which is built with a Dockerfile. Add a Dockerfile: docs/builds.md#${section} of Berth has one to copy.`;
  }
  const compose = files.first(...COMPOSE);
  return compose === undefined
    ? undefined
    : `${compose} is not read. Deploy each of its services by itself, from its image or with buildContext: docs/builds.md#docker-compose of Berth says how.`;
}

/** What to do with the input of a generator of static sites; undefined when it is none. */
export function generatorOf(files: SourceFiles): string | undefined {
  const generator = files.first(...GENERATORS);
  return generator === undefined || files.has('config.ru')
    ? undefined
    : `${generator} belongs to a generator of static sites. Commit its output in public, _site or site, or add a Dockerfile: docs/builds.md#static-site-generators of Berth has one to copy.`;
}

/** A Dockerfile with another name, and the field that names it. */
export function otherDockerfileOf(files: SourceFiles): string | undefined {
  const found = [...files.names].find((name) => OTHER_DOCKERFILE.test(name) && !name.endsWith('.dockerignore'));
  return found === undefined ? undefined : `There is ${found}: set dockerfile to ${found}.`;
}

/** Files that make a folder a project, and Dockerfiles. */
const PROJECT =
  /^(?:[\w.-]{1,100}\/){1,2}(?:Dockerfile|package\.json|requirements\.txt|pyproject\.toml|Pipfile|go\.mod)$/;

/** Where a repository with nothing in its root has projects, the closest to it, and the field that names one. */
export function projectFolderOf(files: SourceFiles): string | undefined {
  const found = [...files.names].filter((name) => PROJECT.test(name)).sort(closestFirst);
  const [first] = found;
  if (first === undefined) return undefined;
  const folders = new Set(found.filter((name) => depthOf(name) === depthOf(first)).map((name) => path.dirname(name)));
  if (folders.size > 1)
    return `There are projects in ${[...folders].slice(0, MAX_FOLDERS).join(', ')}: set buildContext to one of them.`;
  const field = `set buildContext to ${path.dirname(first)}`;
  return `There is ${first}: ${field}${path.basename(first) === 'Dockerfile' ? `, or dockerfile to ${first}` : ''}.`;
}

function endingWith(files: SourceFiles, ending: string): string | undefined {
  return [...files.names].find((name) => name.endsWith(ending) && depthOf(name) < DEPTH);
}

/** True when pages of HTML in a folder belong to another runtime, as those of its documentation do. */
export function isOtherProject(files: SourceFiles): boolean {
  if (files.has('index.php')) return true;
  return !files.has('index.html') && !files.has('_config.yml') && OTHERS.some((each) => files.first(...each.files));
}
