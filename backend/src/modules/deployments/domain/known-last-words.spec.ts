import { describe, expect, it } from 'vitest';
import { adviceFor } from './known-last-words.js';

const container = { from: 'container', volumePaths: ['/data', '/var/lib/db'] } as const;
const advice = (...lines: string[]) => adviceFor(lines, container);

/** Output as the programs print it. */
const SAYINGS: [what: string, line: string, named: RegExp][] = [
  ['Node.js on a volume', "Error: EACCES: permission denied, open '/data/probe'", /volume at \/data .*new name/],
  ['Python on a volume', "PermissionError: [Errno 13] Permission denied: '/data/x.db'", /volume at \/data /],
  ['a shell on a volume', "/bin/sh: can't create /var/lib/db/x: Permission denied", /volume at \/var\/lib\/db /],
  ['mkdir on a volume', 'mkdir: cannot create directory ‘/data/a’: Permission denied', /volume at \/data /],
  ['Node.js elsewhere', "Error: EACCES: permission denied, mkdir '/app/uploads'", /chown/],
  ['the init process', '[FATAL tini (7)] exec /entrypoint.sh failed: No such file or directory', /LF, not CR LF/],
  ['the engine', 'exec /entrypoint.sh: no such file or directory', /LF, not CR LF/],
  ['the kernel', 'exec /usr/local/bin/app: exec format error', /another processor/],
  ['no x bit', '[FATAL tini (7)] exec /entrypoint.sh failed: Permission denied', /chmod \+x/],
  ['no x bit in a build', '/bin/sh: 1: ./build.sh: Permission denied', /chmod \+x/],
  ['a file capability', '[FATAL tini (7)] exec /bin/vault failed: Operation not permitted', /ALLOWED_CAPABILITIES/],
  [
    'runc about a file on a folder',
    'error mounting "/x/1" to rootfs at "/usr": mount /x/1:/usr (via /proc/self/fd/6): not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?',
    /another path/,
  ],
  ['runc about /proc', '"/x/1" cannot be mounted because it is inside /proc', /another path/],
  ['bash with CRLF', '-bash: ./run.sh: /bin/sh^M: bad interpreter: No such file or directory', /CR LF/],
  ['env with CRLF', "/usr/bin/env: 'node\\r': No such file or directory", /CR LF/],
  ['dash with CRLF', '/run.sh: 2: set: Illegal option -\r', /CR LF/],
  ['a module', "Error: Cannot find module 'express'", /`dependencies`/],
  [
    'an ES module',
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'hono' imported from /app/i.js",
    /`dependencies`/,
  ],
  ['a file to start', "Error: Cannot find module '/app/dist/server.js'", /start command/],
  ['a native add-on', "Error: Cannot find module './build/Release/hello.node'", /node:22/],
  ['a Python module', "ModuleNotFoundError: No module named 'flask'", /requirements\.txt/],
  [
    'npm ci',
    'npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.',
    /lock file/,
  ],
  ['pnpm', ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile"', /lock file/],
  ['another pnpm', ' ERR_PNPM_LOCKFILE_BREAKING_CHANGE  Lockfile /app/pnpm-lock.yaml not compatible', /packageManager/],
  ['yarn', 'error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.', /lock file/],
  ['poetry', 'pyproject.toml changed significantly since poetry.lock was last generated.', /lock file/],
  ['go', 'main.go:3:8: missing go.sum entry for module providing package github.com/a/b', /lock file/],
  ['npm engines', 'npm error code EBADENGINE', /engines\.node/],
  [
    'yarn engines',
    'error a@1.0.0: The engine "node" is incompatible with this module. Expected version ">=24".',
    /engines\.node/,
  ],
  ['pip', "ERROR: Package 'x' requires a different Python: 3.12.1 not in '>=3.13'", /requires-python/],
  ['libpq', 'Error: pg_config executable not found.', /psycopg2-binary/],
  ['psycopg', 'ImportError: no pq wrapper available.', /psycopg\[binary\]/],
  ['weasyprint', "OSError: cannot load library 'libgobject-2.0-0': libgobject-2.0-0: cannot open", /shared library/],
  [
    'gcc of Python',
    "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory",
    /compiler.*python:3\.12/,
  ],
  ['make of node-gyp', 'gyp ERR! stack Error: not found: make', /compiler.*node:22/],
  ['cgo', 'cgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH', /compiler/],
  ['git of npm', 'npm error enoent An unknown git error occurred: spawn git ENOENT', /needs git.*node:22/],
  ['git of pip', "ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?", /needs git/],
  ['a port below 1024', 'Error: listen EACCES: permission denied 0.0.0.0:80', /below 1024.*ports\[\]\.container/],
  ['nginx below 1024', 'nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)', /below 1024/],
  ['go below 1024', 'listen tcp :80: bind: permission denied', /below 1024/],
  ['a port twice', 'Error: listen EADDRINUSE: address already in use :::3000', /one port/],
  [
    'the heap',
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    /resources\.memoryMb/,
  ],
  ['Java', 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', /resources\.memoryMb/],
  ['threads', "RuntimeError: can't start new thread", /resources\.pids/],
  ['forks', 'sh: 0: Cannot fork', /resources\.pids/],
  [
    'shared memory',
    'could not resize shared memory segment "/PostgreSQL.1" to 8 bytes: No space left on device',
    /resources\.shmMb/,
  ],
  ['localhost', 'Error: connect ECONNREFUSED 127.0.0.1:5432', /its name/],
  [
    'localhost in Python',
    'connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused',
    /its name/,
  ],
  ['a name', 'Error: getaddrinfo ENOTFOUND db', /same environment/],
  ['psql', 'could not translate host name "db" to address: Name or service not known', /same environment/],
  ['read-only', "OSError: [Errno 30] Read-only file system: '/data/x'", /readOnly/],
  ['s6', 's6-overlay-suexec: fatal: can only run as pid 1', /`init` to false/],
  ['PostgreSQL', 'Error: Database is uninitialized and superuser password is not specified.', /POSTGRES_PASSWORD/],
  ['Python environ', "KeyError: 'DATABASE_URL'", /DATABASE_URL is not set.*envVars/],
  ['bash -u', '/entrypoint.sh: line 3: API_TOKEN: unbound variable', /API_TOKEN is not set/],
  ['dash -u', '/entrypoint.sh: 3: API_TOKEN: parameter not set', /API_TOKEN is not set/],
  ['Node.js', 'Error: Missing required environment variable: STRIPE_KEY', /STRIPE_KEY is not set/],
  ['a sentence', 'Error: SECRET_KEY_BASE is required', /SECRET_KEY_BASE is not set/],
  ['a shell', 'sh: 1: bun: not found', /program bun/],
  ['bash', 'bash: line 1: serve: command not found', /program serve/],
  ['npm', 'npm error code ELIFECYCLE', /script of package\.json/],
  ['webpack 4', "  code: 'ERR_OSSL_EVP_UNSUPPORTED'", /openssl-legacy-provider/],
  ['musl', 'Error loading shared library libstdc++.so.6: No such file or directory', /shared library/],
];

describe('known last words', () => {
  it.each(SAYINGS)('of %s must be explained in one sentence', (_, line, named) => {
    expect(advice('starting', line, '    at somewhere')).toMatch(named);
  });

  it.each([
    'about to fall',
    'listening on port 3000',
    'make sure that the database was not found twice',
    'npm warn EBADENGINE Unsupported engine',
    'Error: executing the query failed',
    '',
  ])('must not be found in %j', (line) => expect(advice(line)).toBeUndefined());

  it('must speak of the operator where a build lacks memory', () => {
    const lines = ['JavaScript heap out of memory'];
    expect(adviceFor(lines, { from: 'build' })).toContain('BUILD_MEMORY_MB');
  });

  it('must read hostile output in linear time', () => {
    const line = `${'exec '.repeat(100_000)}${': '.repeat(100_000)}`;
    const before = process.cpuUsage();
    advice(...Array.from({ length: 50 }, () => line));
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
  });
});
