import { withExec } from './exec-command.js';

/**
 * Input of a generated Dockerfile. The sources are in `app/` of the context, beside the Dockerfile. A user's command is
 * an argument of `sh -c` in the exec form, which is JSON: with any content it stays one argument of that instruction.
 */
export interface Recipe {
  baseImage: string;
  /** only declared with ARG: the values are not written into the image's configuration */
  buildArgNames: string[];
  /** names of files in the root of the context, from a fixed list */
  dependencyFiles: string[];
  install: string | undefined;
  build: string | undefined;
  start: string;
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
export function dockerfileText({
  baseImage,
  buildArgNames,
  dependencyFiles,
  install,
  build,
  start,
  port,
}: Recipe): string {
  const copyDependencies =
    install && dependencyFiles.length > 0
      ? [`COPY --chown=${USER} ${dependencyFiles.map((name) => `app/${name}`).join(' ')} ./`, run(install)]
      : [];
  const lines = [
    `FROM ${baseImage}`,
    // Programs installed for the user only are found in later steps.
    'ENV HOME=/home/app NPM_CONFIG_PREFIX=/home/app/.local PATH=/home/app/.local/bin:$PATH',
    run(PREPARE),
    'WORKDIR /app',
    `USER ${USER}`,
    ...buildArgNames.map((name) => `ARG ${name}`),
    ...copyDependencies,
    `COPY --chown=${USER} app/ ./`,
    ...(install && copyDependencies.length === 0 ? [run(install)] : []),
    ...(build ? [run(build)] : []),
    ...(port === undefined ? [] : [`ENV PORT=${port}`]),
    `CMD ${shell(withExec(start))}`,
  ];
  return `${lines.join('\n')}\n`;
}

function run(command: string): string {
  return `RUN ${shell(command)}`;
}

/** Escapes `<`, because BuildKit parses here-documents before the exec form. */
function shell(command: string): string {
  return JSON.stringify(['/bin/sh', '-c', command]).replaceAll('<', '\\u003c');
}
