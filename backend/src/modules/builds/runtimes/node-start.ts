import type { NodeManifest } from './node-manifest.js';
import type { SourceFiles } from './source-files.js';

/** Scripts that start what was built, in the order of preference. */
const START_SCRIPTS = ['start', 'start:prod', 'start:production', 'serve:prod', 'prod', 'preview', 'serve'];
/** Programs that serve while developers work, with any argument. */
const SERVERS_FOR_DEVELOPERS: ReadonlySet<string> = new Set(
  'vite parcel webpack-dev-server eleventy vitepress serve http-server live-server nodemon ts-node-dev tsnd'.split(' '),
);
/** Programs that serve so with one of these first arguments; otherwise they build or start. */
const DEVELOPMENT: Record<string, readonly string[]> = {
  'react-scripts': ['start'],
  craco: ['start'],
  'react-app-rewired': ['start'],
  nest: ['start'],
  ng: ['serve'],
  'vue-cli-service': ['serve'],
  webpack: ['serve'],
  next: ['dev', ''],
  nuxt: ['dev', 'preview', ''],
  nuxi: ['dev', 'preview'],
  astro: ['dev', 'preview'],
  remix: ['dev'],
  'react-router': ['dev'],
  rsbuild: ['dev', 'preview'],
  gatsby: ['develop', 'serve'],
  docusaurus: ['start', 'serve'],
  ember: ['serve', 'server', 's'],
  expo: ['start'],
  tsx: ['watch'],
  nx: ['serve', 'dev', 'start'],
  node: ['--watch'],
};
/** Programs that start the next word. */
const LAUNCHERS: ReadonlySet<string> = new Set(['npx', 'bunx', 'cross-env', 'env', 'exec']);
/** `npm run NAME`, `yarn NAME` and the like. */
const RUNS_SCRIPT = /^(?:npm|pnpm|yarn|bun) (?:run(?:-script)? )?([\w:.-]+)$/;
const RUN_SCRIPTS = /(?:npm|pnpm|yarn|bun) (?:run(?:-script)? )?([\w:.-]+)/g;
const NEEDS_SHELL = /[;|<>()`\n\\]|(?<!&)&(?!&)|npm_/;
const MAX_DEPTH = 5;
const MANAGER_PROGRAMS = /(?:^|&& |exec |\s)(?:pnpm|yarn|bun|pnpx|bunx)(?:\s|$)/;
/** Programs whose package has another name. */
const PACKAGES: Record<string, string> = {
  'remix-serve': '@remix-run/serve',
  'react-router-serve': '@react-router/serve',
  nest: '@nestjs/cli',
  ng: '@angular/cli',
  'vue-cli-service': '@vue/cli-service',
  fastify: 'fastify-cli',
  tsc: 'typescript',
};

export interface StartScript {
  script: string;
  command: string;
}

/** The script that starts the program in production; undefined when all of them are for development. */
export function startScriptOf({ scripts }: NodeManifest): StartScript | undefined {
  for (const script of START_SCRIPTS) {
    const text = scripts.get(script);
    if (text === undefined || isForDevelopment(scripts, script)) continue;
    // `preview` and `serve` mostly serve files; only a plain program is one of production.
    if (['preview', 'serve'].includes(script) && !/^(?:\w+=\S+ )*node /.test(text)) continue;
    return { script, command: programOf(scripts, script) };
  }
  return undefined;
}

/** The script `start`, whatever it starts. */
export function anyStartScriptOf({ scripts }: NodeManifest): string | undefined {
  return scripts.has('start') ? programOf(scripts, 'start') : undefined;
}

/** A command of a Procfile, which mostly runs a script. */
export function resolveCommand({ scripts }: NodeManifest, command: string): string {
  const script = RUNS_SCRIPT.exec(command)?.[1];
  return script !== undefined && scripts.has(script) ? programOf(scripts, script) : command;
}

function isForDevelopment(scripts: ReadonlyMap<string, string>, script: string, depth = 0): boolean {
  const text = scripts.get(script) ?? '';
  const last = (text.split('&&').at(-1) ?? '').trim();
  const other = RUNS_SCRIPT.exec(last)?.[1];
  if (other !== undefined && scripts.has(other) && depth < MAX_DEPTH)
    return isForDevelopment(scripts, other, depth + 1);
  const words = last.split(/\s+/).filter((word) => !word.includes('=') && !LAUNCHERS.has(word));
  const [path = '', argument = ''] = words;
  const program = path.split('/').at(-1) ?? '';
  const isKnown = Object.hasOwn(DEVELOPMENT, program);
  return SERVERS_FOR_DEVELOPERS.has(program) || (isKnown && DEVELOPMENT[program]?.includes(argument) === true);
}

/**
 * The command of a script without the package manager, which would not pass on the stop signal. A script with a post
 * hook, or one that needs what only npm sets, runs through npm.
 */
function programOf(scripts: ReadonlyMap<string, string>, script: string): string {
  const parts = partsOf(scripts, script, 0);
  if (!parts) return script === 'start' ? 'npm start' : `npm run ${script}`;
  return parts.join(' && ');
}

function partsOf(scripts: ReadonlyMap<string, string>, script: string, depth: number): string[] | undefined {
  const text = scripts.get(script) ?? '';
  if (scripts.has(`post${script}`) || depth > MAX_DEPTH) return undefined;
  const isQuoted = /["']/.test(text);
  if (NEEDS_SHELL.test(text) || (isQuoted && text.includes('&&'))) return undefined;
  const parts: string[] = [];
  const before = scripts.has(`pre${script}`) ? partsOf(scripts, `pre${script}`, depth + 1) : [];
  if (!before) return undefined;
  parts.push(...before);
  for (const part of text.split('&&').map((command) => command.trim())) {
    const other = RUNS_SCRIPT.exec(part)?.[1];
    const nested =
      other !== undefined && scripts.has(other) ? partsOf(scripts, other, depth + 1) : [withoutWrapper(part)];
    if (!nested) return undefined;
    parts.push(...nested);
  }
  return parts;
}

/** cross-env is a development dependency that a shell does not need. */
function withoutWrapper(command: string): string {
  return /^cross-env (?:\w+=[\w./:-]+ )+[\w.-]/.test(command) ? command.slice('cross-env '.length) : command;
}

/** True when the program is a package manager, which the final image then has. */
export function startsWithManager(command: string): boolean {
  return MANAGER_PROGRAMS.test(command);
}

/** The development dependency that the start command needs. */
export function neededAtStart(
  command: string,
  { scripts, dependencies, devDependencies }: NodeManifest,
  files: SourceFiles,
): string | undefined {
  const words = new Set(withScripts(scripts, command).split(/[\s=/]+/));
  // Next.js reads its configuration with TypeScript, also when it starts.
  const isTyped = words.has('next') && files.first('next.config.ts', 'next.config.mts') !== undefined;
  if (isTyped && devDependencies.has('typescript')) return 'typescript';
  for (const name of devDependencies.keys()) {
    // Types are no program: @types/node is not what `node server.js` starts.
    if (dependencies.has(name) || name.startsWith('@types/')) continue;
    const program = name.split('/').at(-1) ?? name;
    if (words.has(program) || words.has(name)) return name;
  }
  for (const [program, name] of Object.entries(PACKAGES))
    if (words.has(program) && devDependencies.has(name) && !dependencies.has(name)) return name;
  return undefined;
}

/** The command and the texts of the scripts that it runs, with their hooks. */
function withScripts(scripts: ReadonlyMap<string, string>, command: string, depth = 0): string {
  if (depth > MAX_DEPTH) return command;
  const names = [...command.matchAll(RUN_SCRIPTS)].map(([, name = '']) => name);
  const texts = names
    .flatMap((name) => [`pre${name}`, name, `post${name}`])
    .flatMap((name) => scripts.get(name) ?? [])
    .map((text) => withScripts(scripts, text, depth + 1));
  return [command, ...texts].join(' ');
}
