import type { SourceFiles } from './source-files.js';

/** How a program of Python is started. */
export interface PythonStart {
  start?: string;
  /** runs once the dependencies are there */
  build?: string;
  reason?: string;
  /** why nothing was found, with what to send */
  missing?: string;
  /** folders for PYTHONPATH, relative to the sources */
  folders: string[];
  env?: Record<string, string>;
}

/** What a start command is chosen from. */
export interface StartInput {
  files: SourceFiles;
  /** names of the packages that are required */
  required: ReadonlySet<string>;
  /** file to which a missing server is added */
  source: string;
}

/** in a start command; 8000 is what the servers of Python choose */
export const PORT = '${PORT:-8000}';

/** Servers of WSGI and ASGI applications, listening where a container must. The target is `module:name`, with options of its own. */
export const SERVERS = {
  gunicorn: (target: string) => `python -m gunicorn --bind 0.0.0.0:${PORT} ${target}`,
  waitress: (target: string) => `python -m waitress --listen=0.0.0.0:${PORT} ${target}`,
  uvicorn: (target: string) => `python -m uvicorn ${target} --host 0.0.0.0 --port ${PORT}`,
};
