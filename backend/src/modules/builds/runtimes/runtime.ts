import { detectGo } from './go.js';
import { detectNode } from './node.js';
import { detectPython } from './python.js';
import { detectStatic } from './static.js';

/** Names of the files in the root of a build context, and the text of those in RUNTIME_FILES. */
export interface RootFiles {
  names: ReadonlySet<string>;
  texts: ReadonlyMap<string, string | undefined>;
}

/** Files whose text identifies the runtime. */
export const RUNTIME_FILES: ReadonlySet<string> = new Set([
  'package.json',
  'yarn.lock',
  '.nvmrc',
  '.node-version',
  'requirements.txt',
  'pyproject.toml',
  '.python-version',
  'runtime.txt',
  'go.mod',
  'Procfile',
]);

const PROCFILE_WEB = 'web:';

/** How to build and run files without a Dockerfile. */
export interface Runtime {
  /** for the user: `Node.js 22 with npm (package-lock.json)` */
  description: string;
  baseImage: string;
  install?: string;
  build?: string;
  /** undefined: no start command was found */
  start?: string;
  /** renders the whole Dockerfile, when it has another shape than install, build, start */
  dockerfile?: (port: number | undefined) => string;
}

export interface RuntimeDefaults {
  /** the image that serves static sites */
  nginxImage: string;
}

/** Returns the first runtime that matches; undefined when none does. */
export function detectRuntime(files: RootFiles, defaults: RuntimeDefaults): Runtime | undefined {
  return withProcfile(
    detectNode(files) ?? detectPython(files) ?? detectGo(files) ?? detectStatic(files, defaults.nginxImage),
    files,
  );
}

/** A Procfile overrides the start command, in any language. */
function withProcfile(runtime: Runtime | undefined, files: RootFiles): Runtime | undefined {
  const lines = (files.texts.get('Procfile') ?? '').split('\n');
  const web = lines
    .find((line) => line.startsWith(PROCFILE_WEB))
    ?.slice(PROCFILE_WEB.length)
    .trim();
  return runtime && web && !runtime.dockerfile ? { ...runtime, start: web } : runtime;
}
