import type { BuildOptions } from '#src/modules/deployments/domain/build-options.js';
import { detectGo } from './go.js';
import { detectNode } from './node.js';
import { isOtherProject } from './other-runtimes.js';
import { type Process, processesOf } from './procfile.js';
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
  /** installs programs that the next commands need, before any file is copied */
  setup?: string;
  install?: string;
  /** written before the install, which reads it and no file of the sources */
  generatedFile?: { path: string; content: string };
  /** a folder outside of /app that the install fills, for the final image */
  installFolder?: string;
  /** root files that are copied before the install, so that its result is cached; none: all files are */
  dependencyFiles?: string[];
  /** folder of the sources in which the program starts; default: the root */
  folder?: string;
  /** variables of the build stage */
  buildEnv?: Record<string, string>;
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
  /** the start command is already that of the Procfile */
  isProcfileRead?: boolean;
  /** why no base image can be chosen; without effect when the request gives baseImage */
  problem?: string;
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

/** Programs that start an application of Python. */
const PYTHON_PROGRAM = /^(?:python3?|gunicorn|uvicorn|daphne|hypercorn|flask|streamlit|waitress-serve)\b/;

/** Returns the runtime that matches; undefined when none does. Throws DOCKERFILE_INVALID. */
export function detectRuntime(files: SourceFiles, defaults: RuntimeDefaults, folder = '.'): Runtime | undefined {
  const own = folder === '.' ? files : files.below(folder);
  const processes = processesOf(own);
  const web = processes.find(({ name }) => name === 'web');
  const runtime = firstRuntime(files, defaults, folder, web?.command ?? '');
  if (!runtime || runtime.dockerfile || runtime.isProcfileRead) return runtime;
  if (web) return startedBy(web, runtime);
  const [first, ...others] = processes;
  if (runtime.start !== undefined || first === undefined) return runtime;
  return others.length === 0 ? startedBy(first, runtime) : { ...runtime, missing: oneOf(processes, first) };
}

function startedBy({ name, command }: Process, runtime: Runtime): Runtime {
  return { ...runtime, start: command, reasons: [...runtime.reasons, `start command from Procfile (${name})`] };
}

/** What to send where a Procfile has several processes, and none of them is `web`. */
function oneOf(processes: Process[], { command }: Process): string {
  const names = processes.map(({ name }) => name.slice(0, 40)).slice(0, 10);
  const example = JSON.stringify(command.slice(0, 100));
  return `The Procfile has ${names.join(', ')}. Deploy each by itself, with its command in startCommand, such as ${example}.`;
}

/** Many projects have a package.json for tools only: then another runtime comes first. */
function firstRuntime(files: SourceFiles, defaults: RuntimeDefaults, folder: string, web: string): Runtime | undefined {
  const isPython = folder === '.' && (files.has('manage.py') || PYTHON_PROGRAM.test(web));
  const python = isPython ? detectPython(files) : undefined;
  if (python) return python;
  const node = detectNode(files, defaults, folder);
  if (folder !== '.') return node;
  // A bundler beside composer.json or Gemfile makes the assets of that project, not a site.
  const isAssets = node?.dockerfile !== undefined && isOtherProject(files);
  if (node && !isAssets && (node.start !== undefined || node.dockerfile)) return node;
  const other = detectPython(files) ?? detectGo(files) ?? detectStatic(files, defaults.nginxImage);
  return other ?? (isAssets ? undefined : node);
}
