import { dependsOn, fieldsOf, type NodeManifest, parse, textOf } from './node-manifest.js';
import type { SourceFiles } from './source-files.js';

/** What the build of a framework leaves: a server to start, files to serve, or nothing that runs by itself. */
export type NodeOutput =
  | {
      kind: 'server';
      tool: string;
      start: string;
      env?: Record<string, string>;
      buildEnv?: Record<string, string>;
      copies?: { from: string; to: string }[];
      /** what else the server needs, for the user */
      note?: string;
    }
  /** folder: undefined when the build decides it */
  | {
      kind: 'files';
      tool: string;
      folder: string | undefined;
      build: string | undefined;
      isSinglePage: boolean;
      isExport?: true;
    }
  /** neither; message: what to do, with the field to send */
  | { kind: 'none'; message: string };

/** Where the sites of unknown tools are after their build, the likeliest first. */
export const OUTPUT_FOLDERS = ['dist', 'build', 'out', 'public', '.output/public', '_site', 'www'];
const FOLDER = /^[\w.@-]+(?:\/[\w.@-]+)*$/;
/** Tools that make a page for every path, and a 404 page. */
const PAGES: ReadonlySet<string> = new Set(['Gatsby', 'Docusaurus', 'Eleventy']);
const NX_APPLICATION = /^apps\/([\w-]{1,60})\/project\.json$/;
const VITEPRESS = /\bvitepress build(?: ([\w.][\w./-]*))?/;
const NITRO = 'node .output/server/index.mjs';
const ALLOWED_HOSTS =
  'Angular refuses hosts that are not allowed: set NG_ALLOWED_HOSTS in envVars, such as "www.example.com", or security.allowedHosts in angular.json';
const TANSTACK =
  'TanStack Start builds no server by itself. Set startCommand, such as "npx --yes srvx --prod -s ../client dist/server/server.js", or add nitro() to the plugins in vite.config and nitro to package.json.';
const OWN_FILES = [{ from: '/app/.output', to: '/app/.output' }];

interface Project {
  files: SourceFiles;
  manifest: NodeManifest;
}

type Detector = (project: Project) => NodeOutput | undefined;

/** Asked in this order: a framework may be built with a tool that stands below it. */
const DETECTORS: readonly Detector[] = [
  nx,
  next,
  nuxt,
  svelteKit,
  remix,
  astro,
  nitro,
  tanStackStart,
  nest,
  angular,
  vitePress,
  expo,
  ...simpleTools(),
];

/** The output of the framework that the project depends on. */
export function nodeOutputOf(files: SourceFiles, manifest: NodeManifest): NodeOutput | undefined {
  for (const detect of DETECTORS) {
    const output = detect({ files, manifest });
    if (output) return output;
  }
  return undefined;
}

/** Its root has the dependencies of all applications, and builds one by its name. */
function nx({ files }: Project): NodeOutput | undefined {
  if (!files.has('nx.json') || files.has('project.json')) return undefined;
  const name = [...files.names].map((each) => NX_APPLICATION.exec(each)?.[1]).find((each) => each !== undefined);
  return name === undefined
    ? undefined
    : {
        kind: 'none',
        message: `This is the root of an Nx workspace. Set buildCommand, such as "npx nx build ${name}", and startCommand, such as "node dist/apps/${name}/main.js".`,
      };
}

/** https://nextjs.org/docs/app/getting-started/deploying */
function next({ files, manifest }: Project): NodeOutput | undefined {
  if (!dependsOn(manifest, 'next')) return undefined;
  const output = valueIn(configOf(files, 'next'), 'output');
  const folder = valueIn(configOf(files, 'next'), 'distDir');
  const isExport = output === 'export' || /\bnext export\b/.test(manifest.scripts.get('build') ?? '');
  if (isExport)
    return {
      kind: 'files',
      tool: 'Next.js export',
      folder: folder ?? 'out',
      build: 'next build',
      isSinglePage: false,
      isExport: true,
    };
  const env = { HOSTNAME: '0.0.0.0' };
  if (output !== 'standalone' || folder !== undefined)
    return { kind: 'server', tool: 'Next.js', start: 'next start', env };
  const copies = [
    { from: '/app/.next/standalone', to: '/app' },
    { from: '/app/.next/static', to: '/app/.next/static' },
    ...(files.hasFolder('public') ? [{ from: '/app/public', to: '/app/public' }] : []),
  ];
  return { kind: 'server', tool: 'Next.js standalone', start: 'node server.js', env, copies };
}

/** https://nuxt.com/docs/getting-started/deployment */
function nuxt({ files, manifest }: Project): NodeOutput | undefined {
  if (!dependsOn(manifest, 'nuxt') && !dependsOn(manifest, 'nuxt-edge')) return undefined;
  const isStatic =
    /\b(?:nuxt|nuxi) generate\b/.test(manifest.scripts.get('build') ?? '') ||
    valueIn(configOf(files, 'nuxt'), 'preset') === 'static';
  if (isStatic)
    return {
      kind: 'files',
      tool: 'Nuxt generate',
      folder: '.output/public',
      build: 'nuxt generate',
      isSinglePage: false,
      isExport: true,
    };
  return { kind: 'server', tool: 'Nuxt', start: NITRO, env: { HOST: '0.0.0.0' }, copies: OWN_FILES };
}

/** https://svelte.dev/docs/kit/adapters */
function svelteKit({ files, manifest }: Project): NodeOutput | undefined {
  if (!dependsOn(manifest, '@sveltejs/kit')) return undefined;
  // Either file may have the adapter.
  const config = `${configOf(files, 'svelte')}\n${configOf(files, 'vite')}`;
  const folder = valueIn(config, 'out') ?? 'build';
  if (dependsOn(manifest, '@sveltejs/adapter-static')) {
    const pages = valueIn(config, 'pages') ?? 'build';
    const isSinglePage = valueIn(config, 'fallback') !== undefined;
    return { kind: 'files', tool: 'SvelteKit adapter-static', folder: pages, build: 'vite build', isSinglePage };
  }
  const server = { kind: 'server', tool: 'SvelteKit adapter-node', start: `node ${folder}` } as const;
  if (dependsOn(manifest, '@sveltejs/adapter-node')) return { ...server, env: { HOST: '0.0.0.0' } };
  if (!dependsOn(manifest, '@sveltejs/adapter-auto')) return undefined;
  // On Cloud Run adapter-auto installs and uses adapter-node, and this is how it recognizes Cloud Run.
  const buildEnv = { GCP_BUILDPACKS: 'true' };
  return { ...server, start: 'node build', tool: 'SvelteKit adapter-auto', env: { HOST: '0.0.0.0' }, buildEnv };
}

/** https://reactrouter.com/start/framework/deploying */
function remix({ files, manifest }: Project): NodeOutput | undefined {
  const isRouter = dependsOn(manifest, '@react-router/dev');
  if (isRouter && /\bssr:\s*false\b/.test(configOf(files, 'react-router')))
    return {
      kind: 'files',
      tool: 'React Router',
      folder: 'build/client',
      build: 'react-router build',
      isSinglePage: true,
    };
  const program = isRouter ? 'react-router-serve' : 'remix-serve';
  if (!dependsOn(manifest, isRouter ? '@react-router/serve' : '@remix-run/serve')) return undefined;
  const env = { HOST: '0.0.0.0' };
  const isOld = !isRouter && !files.first('vite.config.ts', 'vite.config.js', 'vite.config.mts', 'vite.config.mjs');
  const start = `${program} ${isOld ? './build/index.js' : './build/server/index.js'}`;
  return { kind: 'server', tool: isRouter ? 'React Router' : 'Remix', start, env };
}

/** https://docs.astro.build/en/guides/integrations-guide/node/ */
function astro({ files, manifest }: Project): NodeOutput | undefined {
  if (!dependsOn(manifest, 'astro')) return undefined;
  const config = configOf(files, 'astro');
  const folder = valueIn(config, 'outDir') ?? 'dist';
  if (!dependsOn(manifest, '@astrojs/node'))
    return { kind: 'files', tool: 'Astro', folder, build: 'astro build', isSinglePage: false };
  if (valueIn(config, 'mode') === 'middleware') return undefined;
  return { kind: 'server', tool: 'Astro', start: `node ./${folder}/server/entry.mjs`, env: { HOST: '0.0.0.0' } };
}

/** Nitro and what is built with it: https://nitro.build/deploy */
function nitro({ manifest }: Project): NodeOutput | undefined {
  const tool = ['nitropack', 'nitro', 'vinxi', '@solidjs/start'].find((name) => dependsOn(manifest, name));
  if (tool === undefined) return undefined;
  return { kind: 'server', tool, start: NITRO, env: { HOST: '0.0.0.0' }, copies: OWN_FILES };
}

/** Without Nitro its build leaves a handler: https://tanstack.com/start/latest/docs/framework/react/guide/hosting */
function tanStackStart({ manifest }: Project): NodeOutput | undefined {
  const isStart = ['@tanstack/react-start', '@tanstack/solid-start'].some((name) => dependsOn(manifest, name));
  return isStart ? { kind: 'none', message: TANSTACK } : undefined;
}

function nest({ manifest }: Project): NodeOutput | undefined {
  if (!dependsOn(manifest, '@nestjs/core')) return undefined;
  return { kind: 'server', tool: 'Nest', start: 'node dist/main' };
}

/** https://angular.dev/reference/configs/workspace-config#output-path-configuration */
function angular({ files, manifest }: Project): NodeOutput | undefined {
  if (!dependsOn(manifest, '@angular/core') || !files.has('angular.json')) return undefined;
  const projects = fieldsOf(fieldsOf(parse(files.text('angular.json')))['projects']);
  const [name, project] = Object.entries(projects)[0] ?? [];
  if (name === undefined) return undefined;
  const { build = {} } = fieldsOf(fieldsOf(project)['architect'] ?? fieldsOf(project)['targets']);
  const { builder, options } = fieldsOf(build);
  const { outputPath, ssr, server } = fieldsOf(options);
  const base = textOf(fieldsOf(outputPath)['base']) ?? textOf(outputPath) ?? `dist/${name}`;
  const isApplication = !String(textOf(builder)).endsWith(':browser');
  if (!FOLDER.test(base)) return undefined;
  if (ssr !== undefined && ssr !== false && server !== undefined) {
    const { allowedHosts } = fieldsOf(fieldsOf(options)['security']);
    const isClosed = Array.isArray(allowedHosts) && allowedHosts.length === 0;
    const start = `node ${base}/server/server.mjs`;
    return { kind: 'server', tool: 'Angular', start, ...(isClosed && { note: ALLOWED_HOSTS }) };
  }
  const browser = fieldsOf(outputPath)['browser'];
  const inner = typeof browser === 'string' ? browser : 'browser';
  const folder = isApplication && inner !== '' ? `${base}/${inner}` : base;
  return { kind: 'files', tool: 'Angular', folder, build: 'ng build', isSinglePage: true };
}

/** https://vitepress.dev/guide/deploy. With another build script it is the documentation of a library. */
function vitePress({ files, manifest }: Project): NodeOutput | undefined {
  const build = manifest.scripts.get('build');
  if (!dependsOn(manifest, 'vitepress') || (build !== undefined && !VITEPRESS.test(build))) return undefined;
  const script = [...manifest.scripts.values()].find((text) => VITEPRESS.test(text));
  const usual = files.hasFolder('docs/.vitepress') ? 'docs' : '.';
  const root = folderOf(script === undefined ? usual : VITEPRESS.exec(script)?.[1]) ?? '.';
  const folder = `${root}/.vitepress/dist`;
  return { kind: 'files', tool: 'VitePress', folder, build: `vitepress build ${root}`, isSinglePage: false };
}

/** https://docs.expo.dev/guides/publishing-websites/ */
function expo({ manifest }: Project): NodeOutput | undefined {
  if (!dependsOn(manifest, 'expo') || !dependsOn(manifest, 'react-native-web')) return undefined;
  return { kind: 'files', tool: 'Expo', folder: 'dist', build: 'expo export --platform web', isSinglePage: true };
}

/** Tools with one package, one build command and one folder. */
function simpleTools(): Detector[] {
  const tools: [name: string, tool: string, folder: string, build: string, config: string, field: string][] = [
    ['react-scripts', 'Create React App', 'build', 'react-scripts build', '', ''],
    ['gatsby', 'Gatsby', 'public', 'gatsby build', '', ''],
    ['@docusaurus/core', 'Docusaurus', 'build', 'docusaurus build', '', ''],
    ['@vue/cli-service', 'Vue CLI', 'dist', 'vue-cli-service build', 'vue', 'outputDir'],
    ['@11ty/eleventy', 'Eleventy', '_site', 'eleventy', 'eleventy', 'output'],
    ['ember-cli', 'Ember', 'dist', 'ember build --environment=production', '', ''],
    ['@rsbuild/core', 'Rsbuild', 'dist', 'rsbuild build', 'rsbuild', ''],
    ['vite', 'Vite', 'dist', 'vite build', 'vite', 'outDir'],
    ['parcel', 'Parcel', 'dist', 'parcel build', '', ''],
    ['parcel-bundler', 'Parcel', 'dist', 'parcel build', '', ''],
    ['webpack', 'webpack', 'dist', 'webpack --mode production', '', ''],
  ];
  return tools.map(([name, tool, folder, build, config, field]) => ({ files, manifest }) => {
    if (!dependsOn(manifest, name)) return undefined;
    const own = config === '' || field === '' ? undefined : valueIn(configOf(files, config), field);
    const given = /--(?:outDir|dist-dir|dest|output-path)[ =]([\w./-]+)/.exec(manifest.scripts.get('build') ?? '')?.[1];
    const isSinglePage = !PAGES.has(tool);
    return { kind: 'files', tool, folder: folderOf(given ?? own) ?? folder, build, isSinglePage };
  });
}

function configOf(files: SourceFiles, name: string): string {
  const file = ['ts', 'js', 'mjs', 'mts', 'cjs', 'cts'].map((ending) => `${name}.config.${ending}`);
  return files.text(files.first(...file) ?? '') ?? '';
}

/** The text of a field in a configuration, when it is plainly readable: `outDir: 'site'`. */
function valueIn(config: string, field: string): string | undefined {
  const at = new RegExp(`\\b${field}\\s*:\\s*(['"\`])([^'"\`\\n]{1,100})\\1`).exec(withoutComments(config))?.[2];
  return at === undefined ? undefined : (folderOf(at) ?? undefined);
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('//') && !line.trimStart().startsWith('*'))
    .join('\n');
}

/** A folder below the project, as it may stand in a Dockerfile. */
function folderOf(text: string | undefined): string | undefined {
  const name = text?.replace(/^\.\//, '').replace(/\/$/, '');
  return name !== undefined && FOLDER.test(name) && !name.split('/').includes('..') ? name : undefined;
}
