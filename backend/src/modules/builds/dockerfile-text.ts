/**
 * The Dockerfile of a repository that has none. The sources are in `app/` of the context, beside it. A user's command is an argument of
 * `sh -c` in the exec form, which is JSON: whatever is in it, it stays one argument of that instruction.
 */
export interface Recipe {
  baseImage: string;
  /** values are not written into the image's configuration by us */
  buildArgNames: string[];
  /** names of files at the top of the context, of a fixed list */
  dependencyFiles: string[];
  install: string | undefined;
  build: string | undefined;
  start: string;
  port: number | undefined;
}

const USER = '1000:1000';
/** Base images have such a user or not, with a home or not. */
const PREPARE = [
  "grep -q '^[^:]*:[^:]*:1000:' /etc/passwd || echo 'app:x:1000:1000::/home/app:/bin/sh' >> /etc/passwd",
  "grep -q '^[^:]*:[^:]*:1000:' /etc/group || echo 'app:x:1000:' >> /etc/group",
  'mkdir -p /home/app /app',
  `chown ${USER} /home/app /app`,
].join('; ');

/** https://docs.docker.com/reference/dockerfile/ */
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
    // Whatever installs for its user only finds it again.
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
    `CMD ${shell(ended(start))}`,
  ];
  return `${lines.join('\n')}\n`;
}

function run(command: string): string {
  return `RUN ${shell(command)}`;
}

/** Without `<`: BuildKit looks for here-documents before it looks at the form. */
function shell(command: string): string {
  return JSON.stringify(['/bin/sh', '-c', command]).replaceAll('<', '\\u003c');
}

/** A single command takes the shell's place, so that it hears the signal to stop. */
function ended(command: string): string {
  return /^[\w@%+:,./ -]+$/.test(command) ? `exec ${command}` : command;
}
