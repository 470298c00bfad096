import { detectGo } from './go.js';
import { detectNode } from './node.js';
import { detectPython } from './python.js';
import { detectStatic } from './static.js';

/** The files at the top of a build context, by name; the text of those that tell what it is. */
export interface RootFiles {
  names: ReadonlySet<string>;
  read(name: string): string | undefined;
}

/** Those whose text is read. */
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

/** How to run a repository that has no Dockerfile. */
export interface Runtime {
  /** for the user: `Node.js 22 with npm (package-lock.json)` */
  description: string;
  baseImage: string;
  install?: string;
  build?: string;
  /** missing: nothing says how to start it */
  start?: string;
  /** the whole Dockerfile, where it has another shape than install, build, start */
  dockerfile?: (port: number | undefined) => string;
}

export interface RuntimeDefaults {
  /** the image that serves static sites */
  nginxImage: string;
}

/** The first that fits; undefined: nothing that we know. */
export function detectRuntime(files: RootFiles, defaults: RuntimeDefaults): Runtime | undefined {
  return withProcfile(
    detectNode(files) ?? detectPython(files) ?? detectGo(files) ?? detectStatic(files, defaults.nginxImage),
    files,
  );
}

/** A Procfile says how the web process starts, whatever the language. */
function withProcfile(stack: Runtime | undefined, files: RootFiles): Runtime | undefined {
  const web = /^web:[ \t]*(\S.*?)[ \t]*$/m.exec(files.read('Procfile') ?? '')?.[1];
  return stack && web && !stack.dockerfile ? { ...stack, start: web } : stack;
}
