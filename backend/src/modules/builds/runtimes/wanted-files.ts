import path from 'node:path/posix';
import { depthOf } from './source-files.js';

/** Files of the root whose text detection reads. */
const ROOT_FILES: ReadonlySet<string> = new Set([
  'Procfile',
  // Node.js
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'bun.lock',
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  '.nvmrc',
  '.node-version',
  '.tool-versions',
  'mise.toml',
  '.mise.toml',
  'angular.json',
  // Python
  'requirements.txt',
  'pyproject.toml',
  'Pipfile',
  '.python-version',
  'runtime.txt',
  'manage.py',
  // Go
  'go.mod',
  'go.work',
  'main.go',
  // static sites
  'index.html',
  '_redirects',
]);
/** Files of any folder whose text detection reads. */
const NAMES: ReadonlySet<string> = new Set([
  'package.json',
  'wsgi.py',
  'asgi.py',
  'settings.py',
  'main.py',
  'app.py',
  'server.py',
  'application.py',
  'api.py',
  'run.py',
  'bot.py',
  'manage.py',
  'setup.py',
  '__init__.py',
  '__main__.py',
  'main.go',
]);
/** Configuration of a framework of JavaScript, such as `vite.config.ts`. */
const CONFIGURATION = /^[a-z-]+\.config\.(?:js|cjs|mjs|ts|cts|mts)$/;
/** Requirements of Python, and settings of Django that are a package. */
const PYTHON =
  /^(?:requirements\/)?[^/]*requirements[^/]*\.txt$|^requirements\/[^/]+\.txt$|(?:^|\/)settings\/[^/]+\.py$/;
/** Other programs of the root and of `cmd`. */
const PROGRAM = /^(?:cmd\/(?:[^/]+\/)?)?[^/]+\.(?:py|go)$/;
const GO = /\.go$/;
const SKIPPED = /(?:^|\/)(?:node_modules|vendor|\.git|\.venv|venv|site-packages|testdata)\//;
const MAX_DEPTH = 4;
const MAX_FILES = 150;

/** Lists the files whose text detection reads, the root's first, at most `MAX_FILES`. */
export function wantedFiles(names: string[]): string[] {
  const found = names.filter(isWanted);
  // Libraries of Go are read last, for their bindings to C.
  const isLast = (name: string) => name.endsWith('.go') && !PROGRAM.test(name) && !name.endsWith('/main.go');
  const rank = (name: string) => (ROOT_FILES.has(name) ? -1 : depthOf(name) + (isLast(name) ? MAX_DEPTH : 0));
  return found.sort((a, b) => rank(a) - rank(b)).slice(0, MAX_FILES);
}

/** True for a file whose text detection may read. */
export function isWanted(name: string): boolean {
  if (ROOT_FILES.has(name)) return true;
  if (depthOf(name) > MAX_DEPTH || SKIPPED.test(name)) return false;
  const base = path.basename(name);
  return NAMES.has(base) || CONFIGURATION.test(base) || PYTHON.test(name) || PROGRAM.test(name) || GO.test(base);
}
