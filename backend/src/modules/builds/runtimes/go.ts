import path from 'node:path/posix';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { withExec } from '../dockerfile/exec-command.js';
import { onlyProcessOf, procfileOf } from './procfile.js';
import type { DockerfileRequest, Runtime } from './runtime.js';
import type { SourceFiles } from './source-files.js';

const DEFAULT_VERSION = '1.24';
const DEFAULT_PORT = 8080;
/** Has a shell and /tmp, which programs and start commands take for granted. */
const FINAL_IMAGE = 'busybox:1.36';
const USER = '1000:1000';
/** Packages that are bindings to C, also where no source here imports "C". */
const C_BINDINGS =
  /\bgithub\.com\/(?:mattn\/go-sqlite3|marcboeker\/go-duckdb|godror\/godror|confluentinc\/confluent-kafka-go)\b/;
const MAX_SHOWN = 10;

/** Detects go.mod or go.work: builds static programs, and keeps the files beside them. Throws DOCKERFILE_INVALID. */
export function detectGo(files: SourceFiles): Runtime | undefined {
  const source = files.first('go.mod', 'go.work');
  if (source === undefined) return undefined;
  const version = versionOf(files.text(source) ?? '');
  const programs = programsOf(files);
  const usesC = needsC(files);
  const inProcfile = procfileOf(files).get('web') ?? onlyProcessOf(files)?.command;
  const start = inProcfile ?? (programs.length === 1 ? nameOf(files, programs[0] ?? '') : undefined);
  const build = `CGO_ENABLED=${usesC ? 1 : 0} go build -trimpath -o /app/bin/ ${programs.join(' ')}`;
  const missing = missingOf(files, programs);
  return {
    description: `Go ${version} (${source})`,
    reasons: [
      `Go ${version} from ${source}`,
      ...(programs.length > 0 ? [`builds ${programs.join(', ')}`] : []),
      ...(files.hasFolder('vendor') ? ['modules from vendor'] : []),
      ...(usesC ? ['cgo, linked statically'] : []),
    ],
    baseImage: `golang:${version}`,
    ...(programs.length > 0 && { build }),
    ...(start !== undefined && { start }),
    ...(missing !== undefined && { missing }),
    env: { PATH: '/app/bin:$PATH' },
    defaultPort: DEFAULT_PORT,
    dockerfile: (request) => dockerfileOf(files, { version, programs, usesC, start, missing }, request),
  };
}

/** The newer one of the lines `go 1.24.0` and `toolchain go1.24.3`: the image has the newest patch of a minor. */
function versionOf(manifest: string): string {
  const minors = [...manifest.matchAll(/^(?:go |toolchain go)1\.(\d{1,3})/gm)].map(([, minor]) => Number(minor));
  return minors.length === 0 ? DEFAULT_VERSION : `1.${Math.max(...minors)}`;
}

/** Folders of `package main`: the root, else those below `cmd`, else any. */
function programsOf(files: SourceFiles): string[] {
  const folders = new Set<string>();
  for (const name of files.names)
    if (name.endsWith('.go') && !name.endsWith('_test.go') && isProgram(files.text(name)))
      folders.add(path.dirname(name));
  if (folders.has('.')) return ['.'];
  const all = [...folders].filter((folder) => /^[\w./-]{1,200}$/.test(folder)).sort();
  const commands = all.filter((folder) => folder.split('/').includes('cmd'));
  const chosen =
    commands.length > 0
      ? commands
      : all.filter((folder) => !/(?:^|\/)(?:examples?|tools?|hack|scripts)(?:\/|$)/.test(folder));
  return chosen.map((folder) => `./${folder}`);
}

function isProgram(text: string | undefined): boolean {
  return text !== undefined && /^package main\b/m.test(text) && !/^\/\/(?:go:build| \+build) ignore\b/m.test(text);
}

/** A package with bindings to C compiles without it, and fails only when it runs. */
function needsC(files: SourceFiles): boolean {
  if (C_BINDINGS.test(files.text('go.mod') ?? '')) return true;
  return [...files.names].some((name) => name.endsWith('.go') && /^import "C"/m.test(files.text(name) ?? ''));
}

/** The name that `go build` gives a program: of its folder; in the root, of its module. */
function nameOf(files: SourceFiles, folder: string): string {
  if (folder !== '.') return path.basename(folder);
  const module = /^module\s+"?([\w./~-]{1,300})/m.exec(files.text('go.mod') ?? '')?.[1] ?? 'app';
  const words = module.split('/').filter((word) => word !== '');
  const last = words.at(-1) ?? 'app';
  return /^v\d{1,4}$/.test(last) && words.length > 1 ? (words.at(-2) ?? 'app') : last;
}

function missingOf(files: SourceFiles, programs: string[]): string | undefined {
  if (programs.length === 0)
    return 'No folder has a package main. Set buildContext to the folder of the program, or buildCommand and startCommand.';
  if (programs.length === 1) return undefined;
  const names = programs.map((folder) => nameOf(files, folder));
  return `There are several programs: ${names.slice(0, MAX_SHOWN).join(', ')}${names.length > MAX_SHOWN ? ', …' : ''}. Set startCommand to one of them, for example ${names[0]}.`;
}

interface GoBuild {
  version: string;
  programs: string[];
  usesC: boolean;
  start: string | undefined;
  missing: string | undefined;
}

/** Undefined when the request has commands or an image of its own: then the image of Go runs the program too. */
function dockerfileOf(files: SourceFiles, build: GoBuild, request: DockerfileRequest): string | undefined {
  const { options, port, buildArgNames } = request;
  if (options.installCommand !== null || options.buildCommand !== null || options.baseImage !== null) return undefined;
  const start = options.startCommand ?? build.start;
  if (start === undefined || build.programs.length === 0)
    throw new StepFailure('DOCKERFILE_INVALID', `No start command was found. ${build.missing ?? 'Set startCommand.'}`);
  return `FROM golang:${build.version} AS build
WORKDIR /app
${buildArgNames.map((name) => `ARG ${name}\n`).join('')}ENV CGO_ENABLED=${build.usesC ? 1 : 0} GOFLAGS=-buildvcs=false
${fetchesModules(files) ? `COPY app/go.mod ${files.has('go.sum') ? 'app/go.sum ' : ''}./\nRUN ["go","mod","download"]\n` : ''}COPY app/ ./
RUN ${JSON.stringify(['go', 'build', ...FLAGS, ...(build.usesC ? STATIC_C : []), '-o', '/out/bin/', ...build.programs])}
RUN ["/bin/sh","-c","rm -rf vendor; mkdir -p /home/app"]
FROM ${FINAL_IMAGE}
ENV HOME=/home/app PATH=/app/bin:$PATH SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=${USER} /home/app /home/app
COPY --from=build --chown=${USER} /app /app
COPY --from=build --chown=${USER} /out/bin /app/bin
WORKDIR /app
USER ${USER}
ENV PORT=${port}
CMD ${JSON.stringify(['/bin/sh', '-c', withExec(start)]).replaceAll('<', '\\u003c')}
`;
}

/** The program contains the time zones: the final image has none. */
const FLAGS = ['-trimpath', '-tags', 'timetzdata,netgo,osusergo'];
/** Without this, the program needs the C library of the image that built it. */
const STATIC_C = ['-ldflags', '-linkmode external -extldflags -static'];

/** Before the sources are copied, so that only a change of go.mod fetches modules. */
function fetchesModules(files: SourceFiles): boolean {
  const manifest = files.text('go.mod');
  if (manifest === undefined || files.has('go.work') || files.has('vendor/modules.txt')) return false;
  return !/=>\s{1,10}["'`]?\.{1,2}\//.test(manifest);
}
