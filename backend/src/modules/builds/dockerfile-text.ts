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
  /** variables of the final image, from a fixed list */
  env?: Record<string, string> | undefined;
  port: number | undefined;
}

const USER = '1000:1000';
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
  const stages =
    buildImage === undefined
      ? [...opening(`FROM ${baseImage}`), ...buildSteps(recipe)]
      : [
          ...opening(`FROM ${buildImage} AS build`),
          ...buildSteps(recipe),
          ...opening(`FROM ${baseImage}`),
          ...(recipe.installFolder === undefined
            ? []
            : [copyFromBuild({ from: recipe.installFolder, to: recipe.installFolder })]),
          ...(recipe.copies ?? [{ from: '/app', to: '/app' }]).map(copyFromBuild),
        ];
  return `${[...stages, ...ending(recipe)].join('\n')}\n`;
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

function buildSteps(recipe: Recipe): string[] {
  const { buildArgNames, dependencyFiles, generatedFile, install, build, prune } = recipe;
  const isCopiedFirst = install !== undefined && (dependencyFiles.length > 0 || generatedFile !== undefined);
  const dependencies = dependencyFiles.map((name) => `app/${name}`).join(' ');
  return [
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

function ending({ env = {}, port, start }: Recipe): string[] {
  const variables = { ...env, ...(port !== undefined && { PORT: String(port) }) };
  return [
    ...Object.entries(variables).map(([name, value]) => `ENV ${name}=${value}`),
    `CMD ${shell(withExec(start))}`,
  ];
}

function writeFile({ path, content }: { path: string; content: string }): string {
  return `RUN ${exec(['/bin/sh', '-c', `printf '%s' "$0" > "$1"`, content, path])}`;
}

function run(command: string): string {
  return `RUN ${shell(command)}`;
}

function shell(command: string): string {
  return exec(['/bin/sh', '-c', command]);
}

/** Escapes `<`, because BuildKit parses here-documents before the exec form. */
function exec(words: string[]): string {
  return JSON.stringify(words).replaceAll('<', '\\u003c');
}
