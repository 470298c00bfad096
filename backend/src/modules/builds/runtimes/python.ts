import type { Runtime } from './runtime.js';
import type { SourceFiles } from './source-files.js';

const DEFAULT_VERSION = '3.12';
const DEFAULT_PORT = 8000;

/** Detects requirements.txt or pyproject.toml. */
export function detectPython(files: SourceFiles): Runtime | undefined {
  const source = ['requirements.txt', 'pyproject.toml'].find((name) => files.names.has(name));
  if (source === undefined) return undefined;
  const version = /^\s*(?:python-)?(3\.\d{1,2})/.exec(
    files.text('.python-version') ?? files.text('runtime.txt') ?? '',
  )?.[1];
  const entry = ['main.py', 'app.py', 'server.py'].find((name) => files.names.has(name));
  const start = entry
    ? `python ${entry}`
    : files.names.has('manage.py')
      ? 'python manage.py runserver 0.0.0.0:${PORT:-8000}'
      : undefined;
  return {
    description: `Python ${version ?? DEFAULT_VERSION} with pip (${source})`,
    reasons: [],
    defaultPort: DEFAULT_PORT,
    baseImage: `python:${version ?? DEFAULT_VERSION}-slim`,
    install:
      source === 'requirements.txt' ? 'pip install --no-cache-dir -r requirements.txt' : 'pip install --no-cache-dir .',
    ...(start ? { start } : {}),
  };
}
