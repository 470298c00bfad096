import { withExec } from './exec-command.js';

/**
 * Input of a generated Dockerfile. The sources are in `app/` of the context, beside the Dockerfile. A user's command is
 * an argument of `sh -c` in the exec form, which is JSON: with any content it stays one argument of that instruction.
 */
export interface Recipe {
  /** the image that runs the program */
  baseImage: string;
  /** the image of a build stage; undefined: the final image installs and builds */
  buildImage?: string | undefined;
  /** only declared with ARG: the values are not written into the image's configuration */
  buildArgNames: string[];
  /** names of files in the root of the context, from a fixed list */
  dependencyFiles: string[];
  /** installs programs, before any file is copied */
  setup?: string | undefined;
  install?: string | undefined;
  /** written before the install, which reads it and no file of the sources */
  generatedFile?: { path: string; content: string } | undefined;
  /** a folder outside of /app that the install fills, for the final image */
  installFolder?: string | undefined;
  build?: string | undefined;
  /** runs after the build, in the build stage */
  prune?: string | undefined;
  start: string;
  /** what the final image gets from the build stage; default: the whole of /app */
  copies?: { from: string; to: string }[] | undefined;
  /** folder of /app in which the program starts */
  folder?: string | undefined;
  /** variables of the build stage, from a fixed list */
  buildEnv?: Record<string, string> | undefined;
  /** variables of the final image, from a fixed list */
  env?: Record<string, string> | undefined;
  port: number | undefined;
}

const USER = '1000:1000';
/**
 * Runs `$0`. On a stop signal it signals its process group, which has all processes of the command, and waits for their
 * end. A shell that is signaled would end before the program that it waits for, so that the shells ignore the signal.
 */
const FORWARD_SIGNALS = [
  `trap 'trap : TERM; kill -TERM 0' TERM INT`,
  '(trap : TERM; eval "$0") & child=$!',
  'wait $child; code=$?',
  'while kill -0 $child 2>/dev/null; do wait $child; code=$?; done',
  'exit $code',
].join('; ');
/** Creates the user, group and folders that a base image may lack. */
const PREPARE = [
  "grep -q '^[^:]*:[^:]*:1000:' /etc/passwd || echo 'app:x:1000:1000::/home/app:/bin/sh' >> /etc/passwd",
  "grep -q '^[^:]*:[^:]*:1000:' /etc/group || echo 'app:x:1000:' >> /etc/group",
  'mkdir -p /home/app /app',
  `chown ${USER} /home/app /app`,
].join('; ');

/** Renders the Dockerfile; see https://docs.docker.com/reference/dockerfile/. */
export function dockerfileText(recipe: Recipe): string {
  const { baseImage, buildImage } = recipe;
  if (buildImage === undefined)
    return text([...opening(`FROM ${baseImage}`), ...buildSteps(recipe), ...ending(recipe)]);
  const installed = recipe.installFolder;
  const copies = [
    ...(installed === undefined ? [] : [{ from: installed, to: installed }]),
    ...(recipe.copies ?? [{ from: '/app', to: '/app' }]),
  ];
  const final = [...opening(`FROM ${baseImage}`), ...copies.map(copyFromBuild), ...ending(recipe)];
  return buildStage({ ...recipe, buildImage }) + text(final);
}

type StageRecipe = Omit<Recipe, 'baseImage' | 'buildImage' | 'start' | 'port'> & { buildImage: string };

/** Renders a stage named `build` that installs and builds in /app. */
export function buildStage(recipe: StageRecipe): string {
  return text([...opening(`FROM ${recipe.buildImage} AS build`), ...buildSteps(recipe)]);
}

function text(lines: string[]): string {
  return `${lines.join('\n')}\n`;
}

function opening(from: string): string[] {
  return [
    from,
    // Programs installed for the user only are found in later steps.
    'ENV HOME=/home/app NPM_CONFIG_PREFIX=/home/app/.local PATH=/home/app/.local/bin:$PATH',
    run(PREPARE),
    'WORKDIR /app',
    `USER ${USER}`,
  ];
}

function buildSteps(recipe: Omit<StageRecipe, 'buildImage'>): string[] {
  const { buildArgNames, dependencyFiles, generatedFile, buildEnv, setup, install, build, prune } = recipe;
  const isCopiedFirst = install !== undefined && (dependencyFiles.length > 0 || generatedFile !== undefined);
  const dependencies = dependencyFiles.map((name) => `app/${name}`).join(' ');
  return [
    ...variablesOf(buildEnv),
    ...(setup === undefined ? [] : [run(setup)]),
    ...buildArgNames.map((name) => `ARG ${name}`),
    ...(generatedFile ? [writeFile(generatedFile)] : []),
    ...(isCopiedFirst && dependencies !== '' ? [`COPY --chown=${USER} ${dependencies} ./`] : []),
    ...(isCopiedFirst ? [run(install)] : []),
    `COPY --chown=${USER} app/ ./`,
    ...(install !== undefined && !isCopiedFirst ? [run(install)] : []),
    ...[build, prune].flatMap((command) => (command === undefined ? [] : [run(command)])),
  ];
}

function copyFromBuild({ from, to }: { from: string; to: string }): string {
  return `COPY --from=build --chown=${USER} ${from} ${to}`;
}

function ending({ env, port, folder, start }: Recipe): string[] {
  return [
    ...(folder === undefined ? [] : [`WORKDIR /app/${folder}`]),
    ...variablesOf({ ...env, ...(port !== undefined && { PORT: String(port) }) }),
    `CMD ${startArguments(start)}`,
  ];
}

function writeFile({ path, content }: { path: string; content: string }): string {
  return `RUN ${encode(['/bin/sh', '-c', `printf '%s' "$0" > "$1"`, content, path])}`;
}

function variablesOf(variables: Record<string, string> = {}): string[] {
  return Object.entries(variables).map(([name, value]) => `ENV ${name}=${value}`);
}

function shell(command: string): string {
  return encode(['/bin/sh', '-c', command]);
}

function run(command: string): string {
  return `RUN ${shell(command)}`;
}

/** A single program replaces the shell. Any other command runs below a shell that passes the stop signal on. */
function startArguments(start: string): string {
  const program = withExec(start);
  const isReplaced = program !== start || start.startsWith('exec ');
  return isReplaced ? shell(program) : encode(['/bin/sh', '-c', FORWARD_SIGNALS, start]);
}

/** Escapes `<`, because BuildKit parses here-documents before the exec form. */
function encode(words: string[]): string {
  return JSON.stringify(words).replaceAll('<', '\\u003c');
}
