import { containsInOrder } from '#src/common/text-search.js';

/** Where the lines come from. */
export interface Speaker {
  /** Output of a build, or of a container. */
  from: 'build' | 'container';
  /** Paths of the release's volumes. */
  volumePaths?: readonly string[];
}

/** The advice, and what a line of output contains: any of these lists of parts, each in order, in lower case. */
type Known = readonly [advice: string, ...words: string[][]];

const MAX_LINE = 2000;
const TOOLS =
  'set `baseImage` to an image that has it, such as node:22 or python:3.12, or install it in the Dockerfile';

const LINE_ENDS =
  'The script ends its lines with CR LF, as on Windows: save it with LF (in Git, `*.sh text eol=lf` in .gitattributes).';
const MISSING_MODULE = 'Add the module to `dependencies` in package.json (not `devDependencies`), with its lock file.';
const NO_PLACE =
  'The image has a folder, a file or a link where this cannot be mounted: choose another path in `files`, `volumes` or `tmpfs`.';
const LOCK_FILE = 'The lock file does not fit the manifest: install on your machine, and commit the new lock file.';

/** First match wins, so what is special stands before what is general. */
const KNOWN: readonly Known[] = [
  [LINE_ENDS, ['^m', 'bad interpreter'], ["\\r'", 'no such file'], ['\r', 'no such file'], ['\r', ': not found']],
  [LINE_ENDS, ["$'\\r'", 'command not found'], ['illegal option -\r'], ['\r', 'command not found']],
  [
    'The program is built for another processor, or is a script without `#!` in its first line: build it for this platform, or add `#!/bin/sh`.',
    ['exec format error'],
  ],
  [
    'The program, or the interpreter that its first line names, is not in the image: check the path, and save scripts with LF, not CR LF.',
    ['[fatal tini', 'exec ', 'no such file or directory'],
    ['exec /', 'no such file or directory'],
    ['oci runtime', 'exec', 'no such file or directory'],
  ],
  [
    'The file is not executable: run `chmod +x` on it in the Dockerfile, or `git update-index --chmod=+x` in the repository.',
    ['[fatal tini', 'exec ', 'permission denied'],
    ['exec /', 'permission denied'],
    ['oci runtime', 'exec', 'permission denied'],
    ['/bin/sh: ', './', ': permission denied'],
  ],
  [
    'The program has a file capability that the container lacks: name it in `capabilities`, beside the default ones; the operator allows it in ALLOWED_CAPABILITIES.',
    ['exec ', 'operation not permitted'],
    ['exec: ', 'operation not permitted'],
  ],
  [NO_PLACE, ['mount a directory onto a file'], ['cannot be mounted', 'inside /proc']],
  ['The image must be process 1 itself: set `init` to false.', ['can only run as pid 1'], ['must be run as pid 1']],
  [
    'libpq is missing: use psycopg2-binary or psycopg[binary], or set `baseImage` to an image that has it, such as python:3.12.',
    ['pg_config executable not found'],
    ['pg_config is required'],
    ['pg_config: ', 'not found'],
    ['no pq wrapper available'],
  ],
  [
    `A dependency needs git, which the image lacks: ${TOOLS}.`,
    ['spawn git', 'enoent'],
    ['enoent', 'spawn git'],
    ['git: not found'],
    ['git: command not found'],
    ["cannot find command 'git'"],
    ['exec: "git": executable file not found'],
    ['no such file or directory', "'git'"],
  ],
  [
    `A dependency needs a compiler, which the image lacks: ${TOOLS}.`,
    ["gcc' failed"],
    ["g++' failed"],
    ["cc' failed"],
    ["unable to execute '", "gcc'"],
    ['gcc: not found'],
    ['gcc: command not found'],
    ['g++: ', 'not found'],
    ['make: not found'],
    ['make: command not found'],
    ['not found: make'],
    ['gyp', 'could not find any python'],
    ['gyp', 'find python'],
    ['linker `cc` not found'],
    ['c compiler', 'not found'],
    ['no acceptable c compiler'],
  ],
  [
    'The program is not in the image: install it there, or correct the command.',
    ['executable file not found in $path'],
  ],
  [
    'A native add-on is not built: build it with `baseImage` node:22, which has a compiler, and do not copy node_modules from another machine.',
    ["cannot find module '", ".node'"],
    ['could not locate the bindings file'],
    ['invalid elf header'],
  ],
  [
    'The file to start is not in the image: check the start command, and that a build step creates the file.',
    ["cannot find module '/"],
    ["cannot find module './"],
    ["cannot find module '../"],
    ["can't open file '", 'no such file or directory'],
    ['unable to access jarfile'],
  ],
  [MISSING_MODULE, ["cannot find module '"], ["cannot find package '"]],
  [
    'Add the package that has this module to requirements.txt or pyproject.toml.',
    ['modulenotfounderror'],
    ['importerror: no module named'],
  ],
  [
    'Set `packageManager` in package.json to the version of pnpm that wrote the lock file.',
    ['err_pnpm_lockfile_breaking_change'],
    ['err_pnpm_lockfile_config_mismatch'],
  ],
  [
    LOCK_FILE,
    ['package.json and package-lock.json', 'in sync'],
    ['npm ci', 'can only install', 'package-lock.json'],
    ['err_pnpm_outdated_lockfile'],
    ['your lockfile needs to be updated'],
    ['lockfile would have been modified'],
    ['lockfile had changes, but lockfile is frozen'],
    ['pyproject.toml changed significantly since poetry.lock'],
    ['lockfile', 'uv.lock', 'needs to be updated'],
    ['pipfile.lock', 'out of date'],
    ['updates to go.mod needed'],
    ['missing go.sum entry'],
    ['inconsistent vendoring'],
  ],
  [
    'A dependency wants another version of Node.js: set `engines.node` in package.json, or `baseImage`, such as node:24.',
    ['npm err', 'ebadengine'],
    ['the engine "node" is incompatible'],
    ['err_pnpm_unsupported_engine'],
  ],
  [
    'A dependency wants another version of Python: set `requires-python` in pyproject.toml, .python-version, or `baseImage`.',
    ['requires a different python'],
    ['no matching distribution found', 'requires-python'],
  ],
  [
    'The package is private or does not exist: check its name, and give the build credentials for its registry.',
    ['npm err', 'e401'],
    ['npm err', 'e404'],
    ['err_pnpm_fetch_404'],
    ['err_pnpm_fetch_401'],
  ],
  [
    'Set `NODE_OPTIONS` to `--openssl-legacy-provider` in `buildArgs` and `envVars`, or update the bundler.',
    ['err_ossl_evp_unsupported'],
  ],
  [
    'Shared memory is full: raise `resources.shmMb`.',
    ['no space left on device', '/dev/shm'],
    ['/dev/shm', 'no space left on device'],
    ['could not resize shared memory segment'],
    ['failed to create shared memory'],
  ],
  [
    'The limit of file watchers is reached: start the application without a development server or watcher.',
    ['enospc', 'file watchers'],
  ],
  [
    'There is no disk space left: delete files in the volume, or ask the operator to free disk space.',
    ['no space left on device'],
    ['enospc'],
  ],
  [
    'It ran out of memory: raise `resources.memoryMb`.',
    ['javascript heap out of memory'],
    ['java.lang.outofmemoryerror'],
    ['runtime: out of memory'],
    ['cannot allocate memory'],
    ['memoryerror'],
    ['std::bad_alloc'],
  ],
  [
    'The limit of processes and threads is reached: raise `resources.pids`.',
    ['cannot fork'],
    ["can't fork"],
    ['fork: retry: resource temporarily unavailable'],
    ['pthread_create', 'resource temporarily unavailable'],
    ['unable to create native thread'],
    ["can't start new thread"],
  ],
  [
    'Two processes of the container listen on one port: start the server once, or give each its own port.',
    ['eaddrinuse'],
    ['address already in use'],
    ['address in use'],
  ],
  [
    "The image's user may not listen on a port below 1024: listen on a higher one, such as 8080, and set `ports[].container` to it.",
    ['listen eacces'],
    ['bind', 'permission denied'],
    ['permission denied', 'bind'],
  ],
  [
    'In a container 127.0.0.1 is the container itself: reach another deployment of the environment by its name, such as db:5432.',
    ['econnrefused 127.0.0.1'],
    ['econnrefused ::1'],
    ['127.0.0.1', 'connection refused'],
    ['localhost', 'connection refused'],
    ['127.0.0.1', "can't connect"],
    ["can't connect", '127.0.0.1'],
    ["can't connect", 'localhost'],
  ],
  [
    'The host name is not known in the environment: reach another deployment by its `name`, and deploy it in the same environment.',
    ['getaddrinfo', 'enotfound'],
    ['getaddrinfo', 'eai_again'],
    ['could not translate host name'],
    ['name or service not known'],
    ['temporary failure in name resolution'],
    ['no such host'],
  ],
  [
    'The folder is read-only: write to a volume without `readOnly`, or to a folder of `tmpfs`.',
    ['read-only file system'],
    ['erofs'],
  ],
  [
    "The program needs a newer C library than the image has: build it in an image of the same distribution as the final image's.",
    ['version `glibc_', 'not found'],
    ["version 'glibc_", 'not found'],
  ],
  [
    'A shared library is not in the image: install its package in the Dockerfile.',
    ['error while loading shared libraries'],
    ['error loading shared library'],
    ['cannot open shared object file'],
    ["cannot load library '"],
  ],
  [
    'Set a password for the first start in `envVars`, such as POSTGRES_PASSWORD or MYSQL_ROOT_PASSWORD.',
    ['database is uninitialized'],
  ],
];

const FALLBACK: readonly Known[] = [
  [
    "The image's user may not write there: write to a volume or /tmp, or give the folder to the user in the Dockerfile (`chown`).",
    ['eacces'],
    ['permissionerror'],
    ['permission denied'],
  ],
  [`A dependency could not be compiled: ${TOOLS}.`, ['failed building wheel for'], ['gyp err! build error']],
  ['A script of package.json failed: the lines above say why.', ['elifecycle'], ['lifecycle script', 'failed']],
];

/** The advice for what these lines of output mean, in one sentence; undefined for lines that say nothing known. */
export function adviceFor(lines: string[], speaker: Speaker): string | undefined {
  const shortened = lines.map((line) => line.slice(0, MAX_LINE));
  const lowered = shortened.map((line) => line.toLowerCase());
  const known = KNOWN.find((entry) => isSaid(entry, lowered));
  if (known) return inBuild(known[0], speaker);
  const volume = deniedVolume(lowered, speaker);
  if (volume) return volumeAdvice(volume);
  const variable = shortened.map(missingVariable).find((name) => name !== undefined);
  if (variable) return `The variable ${variable} is not set: add it to \`envVars\`.`;
  const program = shortened.map(missingProgram).find((name) => name !== undefined);
  if (program) return `The program ${program} is not in the image: install it there, or correct the command.`;
  return FALLBACK.find((entry) => isSaid(entry, lowered))?.[0];
}

/** What to do about a volume that the image's user may not write to. */
export function volumeAdvice(path: string): string {
  return `The volume at ${path} belongs to another user than the image's: use a volume with a new name, which gets the image's user, or create ${path} in the Dockerfile with \`chown\` and then use a new volume.`;
}

function isSaid([, ...words]: Known, lines: string[]): boolean {
  return lines.some((line) => words.some((parts) => containsInOrder(line, ...parts)));
}

/** The memory and the disk of a build are the operator's. */
function inBuild(advice: string, { from }: Speaker): string {
  if (from === 'container') return advice;
  return advice
    .replace('raise `resources.memoryMb`', 'make the build smaller, or ask the operator to raise BUILD_MEMORY_MB')
    .replace('delete files in the volume, or ask', 'ask');
}

function deniedVolume(lines: string[], { volumePaths = [] }: Speaker): string | undefined {
  const denied = lines.filter((line) => /permission denied|eacces|operation not permitted/.test(line));
  return volumePaths.find((path) => denied.some((line) => line.includes(path.toLowerCase())));
}

const VARIABLE = /^[A-Z][A-Z0-9_]{2,63}$/;
/** What stands before or after the name of a variable that is not set. */
const BEFORE = ["KeyError: '", 'key not found: "', 'environment variable ', 'environment variable: ', 'env var '];
const AFTER = [
  ': unbound variable',
  ': parameter not set',
  ': parameter null or not set',
  ' is not set',
  ' is required',
];

function missingVariable(line: string): string | undefined {
  const following = BEFORE.map((text) => wordAt(line, line.toLowerCase().indexOf(text.toLowerCase()), text.length));
  const preceding = AFTER.map((text) => wordBefore(line, line.indexOf(text)));
  return [...following, ...preceding].find((word) => word !== undefined && VARIABLE.test(word));
}

/** `bun` of `sh: 1: bun: not found`, as a shell says it. */
function missingProgram(line: string): string | undefined {
  const at = Math.max(line.indexOf(': not found'), line.indexOf(': command not found'));
  const program = /sh: |line \d/.test(line) ? wordBefore(line, at) : undefined;
  return program && /^[\w./+-]{1,64}$/.test(program) ? program : undefined;
}

function wordAt(line: string, at: number, length: number): string | undefined {
  return at < 0 ? undefined : /^["'`]?(\w+)/.exec(line.slice(at + length, at + length + 80))?.[1];
}

function wordBefore(line: string, end: number): string | undefined {
  if (end < 0) return undefined;
  const word = line
    .slice(Math.max(0, end - 80), end)
    .split(/[\s"'`]/)
    .filter(Boolean)
    .at(-1);
  return word?.replace(/:$/, '');
}
