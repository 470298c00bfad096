import type { SourceFiles } from './source-files.js';
import { projectDependencies, refersToSources, requirementsFile, tableDependencies } from './python-requirements.js';
import { isTable, tableAt, textsOf, tomlOf, type TomlTable } from './toml.js';

/** How the dependencies of a project of Python are installed. */
export interface PythonInstall {
  /** for the user: `pip (requirements.txt)` */
  description: string;
  /** the file to which a missing dependency is added */
  source: string;
  install: string;
  /** installs the project itself, after its sources are copied */
  installProject?: string;
  /** Files of the root that the install reads. Empty: it reads sources too. */
  dependencyFiles: string[];
  /** requirements that the install reads from `GENERATED_REQUIREMENTS` */
  generated?: string;
  /** what is required, as lines of requirements */
  requirements: string[];
  /** True when only the build system of the project knows what is required. */
  isUnknown?: boolean;
  /** the program that the installed project has */
  script?: string;
}

export const GENERATED_REQUIREMENTS = '/tmp/requirements.txt';
/**
 * The environment that the final image gets. Its folder is in PATH in every stage. Packages that the base image has
 * count as installed, and pip is one of them.
 */
const CREATE = 'python -m venv --system-site-packages --without-pip ~/.local';
const PIP = '~/.local/bin/python -m pip install --no-cache-dir';
/** uv, Poetry and Pipenv have an environment of their own, which stays in the build stage. */
const tool = (name: string) =>
  `python -m venv --system-site-packages --without-pip /tmp/tools && /tmp/tools/bin/python -m pip install --no-cache-dir ${name}`;
const UV =
  'UV_PROJECT_ENVIRONMENT=/home/app/.local UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy /tmp/tools/bin/uv sync --frozen --no-dev --python ~/.local/bin/python';
/** A file name that needs no quotes in a Dockerfile or a shell. */
const PLAIN_NAME = /^[\w.-]{1,100}$/;
const REQUIREMENTS = [
  'requirements.txt',
  ...['production', 'prod', 'main', 'base', 'common', 'requirements'].map((name) => `requirements/${name}.txt`),
];

/** Undefined when no file declares dependencies. Throws DOCKERFILE_INVALID. */
export function pythonInstallOf(files: SourceFiles): PythonInstall | undefined {
  return withLock(files) ?? fromRequirements(files) ?? fromPyproject(files) ?? fromPipfile(files) ?? fromSetup(files);
}

function withLock(files: SourceFiles): PythonInstall | undefined {
  const pyproject = tomlOf(files.text('pyproject.toml'));
  const requirements = () => [
    ...projectDependencies(tableAt(pyproject, 'project')),
    ...tableDependencies(tableAt(pyproject, 'tool', 'poetry', 'dependencies')),
  ];
  if (files.has('uv.lock') && files.has('pyproject.toml')) {
    const uv = tableAt(pyproject, 'tool', 'uv');
    const isPackage = isPackageOf(pyproject);
    const needsSources = isTable(uv['workspace']) || isTable(uv['sources']);
    return {
      description: 'uv (uv.lock)',
      source: 'pyproject.toml with uv add',
      install: `${CREATE} && ${tool("'uv<1'")} && ${UV}${isPackage ? ' --no-install-project' : ''}`,
      ...(isPackage && { installProject: UV, ...scriptOf(pyproject) }),
      dependencyFiles: needsSources ? [] : ['pyproject.toml', 'uv.lock'],
      requirements: requirements(),
    };
  }
  if (files.has('poetry.lock') && files.has('pyproject.toml'))
    return {
      description: 'Poetry (poetry.lock)',
      source: 'pyproject.toml with poetry add',
      install: `${CREATE} && ${tool("'poetry<3'")} && VIRTUAL_ENV=/home/app/.local /tmp/tools/bin/poetry install --only main --no-root --no-interaction`,
      dependencyFiles: ['pyproject.toml', 'poetry.lock'],
      requirements: requirements(),
    };
  if (!files.has('Pipfile.lock') || !files.has('Pipfile')) return undefined;
  return {
    description: 'Pipenv (Pipfile.lock)',
    source: 'Pipfile with pipenv install',
    install: `${CREATE} && ${tool('pipenv')} && VIRTUAL_ENV=/home/app/.local PATH=/home/app/.local/bin:$PATH /tmp/tools/bin/pipenv install --deploy --system`,
    dependencyFiles: ['Pipfile', 'Pipfile.lock'],
    requirements: tableDependencies(tableAt(tomlOf(files.text('Pipfile')), 'packages')),
  };
}

function fromRequirements(files: SourceFiles): PythonInstall | undefined {
  const inFolder = [...files.names].filter((name) => /^requirements\/[\w.-]{1,100}\.txt$/.test(name));
  const source = files.first(...REQUIREMENTS) ?? (inFolder.length === 1 ? inFolder[0] : undefined);
  return source === undefined ? undefined : fromFiles(files, [source]);
}

function fromFiles(files: SourceFiles, sources: string[]): PythonInstall {
  const read = sources.map((source) => requirementsFile(files, source));
  const requirements = read.flatMap(({ lines }) => lines);
  const names = [...new Set(read.flatMap((each) => each.files))];
  const isPlain = names.every((name) => PLAIN_NAME.test(name)) && !requirements.some(refersToSources);
  return {
    description: `pip (${sources.join(', ')})`,
    source: sources[0] ?? '',
    install: `${CREATE} && ${PIP} ${sources.map((source) => `-r ${source}`).join(' ')}`,
    dependencyFiles: isPlain ? names : [],
    requirements,
  };
}

/** Installs the dependencies. The project is installed only when it is a package that needs it. */
function fromPyproject(files: SourceFiles): PythonInstall | undefined {
  const pyproject = tomlOf(files.text('pyproject.toml'));
  const project = tableAt(pyproject, 'project');
  const poetry = tableAt(pyproject, 'tool', 'poetry', 'dependencies');
  if (!files.has('pyproject.toml')) return undefined;
  if (Object.keys(project).length === 0 && Object.keys(poetry).length === 0 && files.has('Pipfile')) return undefined;
  const isDynamic = textsOf(project['dynamic']).includes('dependencies') && Object.keys(poetry).length === 0;
  if (isDynamic) return fromDynamic(files, pyproject);
  const isInProject = Array.isArray(project['dependencies']);
  const requirements = isInProject ? projectDependencies(project) : tableDependencies(poetry);
  const isPackage =
    isPackageOf(pyproject) &&
    (files.hasFolder('src') || isTable(project['scripts'])) &&
    Object.keys(project).length > 0;
  return {
    description: 'pip (pyproject.toml)',
    source: 'the dependencies of pyproject.toml',
    install: `${CREATE} && ${PIP} -r ${GENERATED_REQUIREMENTS}`,
    ...(isPackage && { installProject: `${PIP} --no-deps .`, ...scriptOf(pyproject) }),
    dependencyFiles: [],
    generated: asFile(requirements),
    requirements,
  };
}

/** Poetry and uv write a build system for an application too, and a field that says it is no package. */
function isPackageOf(pyproject: TomlTable): boolean {
  const isDenied =
    tableAt(pyproject, 'tool', 'poetry')['package-mode'] === false ||
    tableAt(pyproject, 'tool', 'uv')['package'] === false;
  return isTable(pyproject['build-system']) && !isDenied;
}

/** Dependencies that the build system of the project reads from elsewhere. */
function fromDynamic(files: SourceFiles, pyproject: unknown): PythonInstall {
  const { file } = tableAt(pyproject, 'tool', 'setuptools', 'dynamic', 'dependencies');
  const listed = typeof file === 'string' ? [file] : textsOf(file);
  const found = listed.filter((name) => /^[\w./-]{1,200}$/.test(name) && !name.startsWith('-') && files.has(name));
  return found.length > 0 ? fromFiles(files, found) : wholeProject('pyproject.toml');
}

function fromPipfile(files: SourceFiles): PythonInstall | undefined {
  if (!files.has('Pipfile')) return undefined;
  const requirements = tableDependencies(tableAt(tomlOf(files.text('Pipfile')), 'packages'));
  return {
    description: 'pip (Pipfile)',
    source: 'Pipfile',
    install: `${CREATE} && ${PIP} -r ${GENERATED_REQUIREMENTS}`,
    dependencyFiles: [],
    generated: asFile(requirements),
    requirements,
  };
}

function fromSetup(files: SourceFiles): PythonInstall | undefined {
  const source = files.first('setup.py', 'setup.cfg');
  return source === undefined ? undefined : wholeProject(source);
}

function wholeProject(source: string): PythonInstall {
  return {
    description: `pip (${source})`,
    source,
    install: `${CREATE} && ${PIP} .`,
    dependencyFiles: [],
    requirements: [],
    isUnknown: true,
  };
}

/** The only program of `[project.scripts]`. */
function scriptOf(pyproject: TomlTable): { script?: string } {
  const [script, ...others] = Object.keys(tableAt(pyproject, 'project', 'scripts'));
  return script !== undefined && others.length === 0 && /^\w[\w.-]{0,100}$/.test(script) ? { script } : {};
}

function asFile(requirements: string[]): string {
  return requirements.map((line) => `${line}\n`).join('');
}
