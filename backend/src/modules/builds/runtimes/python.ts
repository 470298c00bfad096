import { GENERATED_REQUIREMENTS, type PythonInstall, pythonInstallOf } from './python-install.js';
import { compilerReason, COPY_SHARED_LIBRARIES, libraryReason, SHARED_LIBRARIES } from './python-native.js';
import { pythonStartOf } from './python-start.js';
import { pythonVersionOf } from './python-version.js';
import type { Runtime } from './runtime.js';
import type { SourceFiles } from './source-files.js';

const DEFAULT_PORT = 8000;
/** Programs that need no dependency: their folder has nothing else that tells its runtime. */
const ENTRIES = ['manage.py', 'main.py', 'app.py', 'server.py', 'bot.py'];

/** Detects what pip, uv, Poetry and Pipenv install, and how the program is started. Throws DOCKERFILE_INVALID. */
export function detectPython(files: SourceFiles): Runtime | undefined {
  const install = pythonInstallOf(files);
  const entry = files.has('index.html') ? undefined : files.first(...ENTRIES);
  if (install === undefined && entry === undefined) return undefined;
  const version = pythonVersionOf(files);
  const { start, build, reason, missing, folders, env } = pythonStartOf(files, install);
  const compilers = compilerReason(files, install?.requirements ?? []);
  const library = libraryReason(install?.requirements ?? []);
  const commands = [install?.installProject, build].filter((command) => command !== undefined);
  return {
    description: `Python ${version.tag} with ${install?.description ?? `no dependencies (${entry})`}`,
    reasons: [version.reason, compilers, library, reason].filter((each) => each !== undefined),
    baseImage: imageOf(version.tag, library !== undefined),
    defaultPort: DEFAULT_PORT,
    env: { PYTHONUNBUFFERED: '1', ...environmentOf(folders, compilers !== undefined), ...env },
    ...(install && {
      buildImage: imageOf(version.tag, (compilers ?? library) !== undefined),
      ...installSteps(install, compilers !== undefined),
    }),
    ...(commands.length > 0 && { build: commands.join(' && ') }),
    ...(start !== undefined && { start }),
    ...(version.problem !== undefined && { problem: version.problem }),
    ...(missing !== undefined && { missing }),
  };
}

function imageOf(tag: string, isFull: boolean): string {
  return isFull ? `python:${tag}` : `python:${tag}-slim`;
}

function installSteps(install: PythonInstall, hasCompilers: boolean): Partial<Runtime> {
  return {
    install: hasCompilers ? `${install.install} && ${COPY_SHARED_LIBRARIES}` : install.install,
    installFolder: '/home/app/.local',
    dependencyFiles: install.dependencyFiles,
    ...(install.generated !== undefined && {
      generatedFile: { path: GENERATED_REQUIREMENTS, content: install.generated },
    }),
  };
}

function environmentOf(folders: string[], hasCompilers: boolean): Record<string, string> {
  const paths = folders.filter((folder) => /^[\w./-]+$/.test(folder)).map((folder) => `/app/${folder}`);
  return {
    ...(paths.length > 0 && { PYTHONPATH: paths.join(':') }),
    ...(hasCompilers && { LD_LIBRARY_PATH: SHARED_LIBRARIES }),
  };
}
