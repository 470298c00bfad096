import type { BuildOptions } from '#src/modules/deployments/domain/build-options.js';
import { detectGo } from './go.js';
import { detectNode } from './node.js';
import { procfileOf } from './procfile.js';
import { detectPython } from './python.js';
import type { SourceFiles } from './source-files.js';
import { detectStatic } from './static.js';

/** How to build and run files without a Dockerfile. */
export interface Runtime {
  /** for the user: `Node.js 22 with npm (package-lock.json)` */
  description: string;
  /** for the user, one fact and its file each: `pnpm 9 from packageManager` */
  reasons: string[];
  /** the image that runs the program */
  baseImage: string;
  /** The image of a build stage, when only its results reach the final image. Default: there is one stage. */
  buildImage?: string;
  install?: string;
  /** Files of the root that the install reads. Undefined: those that the command is known to read. */
  dependencyFiles?: string[];
  /** written before the install, which reads it and no file of the sources */
  generatedFile?: { path: string; content: string };
  /** a folder outside of /app that the install fills, for the final image */
  installFolder?: string;
  build?: string;
  /** runs after the build: removes what only the build needs */
  prune?: string;
  /** undefined: no start command was found */
  start?: string;
  /** from the build stage to the final image, absolute or relative to /app; default: the whole of /app */
  copies?: { from: string; to: string }[];
  /** variables of the final image */
  env?: Record<string, string>;
  /** PORT when the request gives no port */
  defaultPort: number;
  /** one sentence with the field to send, when no start command was found */
  missing?: string;
  /** Renders the whole Dockerfile, when it has another shape. Undefined: it has not with these options. */
  dockerfile?: (request: DockerfileRequest) => string | undefined;
}

/** What a runtime with a Dockerfile of its own renders it from. */
export interface DockerfileRequest {
  /** only the fields of the request: null is what the runtime detects */
  options: Pick<BuildOptions, 'baseImage' | 'installCommand' | 'buildCommand' | 'startCommand'>;
  port: number;
  /** names of the build arguments, to declare with ARG */
  buildArgNames: string[];
}

export interface RuntimeDefaults {
  /** the image that serves static sites */
  nginxImage: string;
}

/** Returns the first runtime that matches; undefined when none does. */
export function detectRuntime(files: SourceFiles, defaults: RuntimeDefaults): Runtime | undefined {
  const runtime = detectNode(files) ?? detectPython(files) ?? detectGo(files) ?? detectStatic(files, defaults.nginxImage);
  const web = procfileOf(files).get('web');
  if (!runtime || web === undefined || runtime.dockerfile) return runtime;
  return { ...runtime, start: web, reasons: [...runtime.reasons, 'start command from Procfile (web)'] };
}
