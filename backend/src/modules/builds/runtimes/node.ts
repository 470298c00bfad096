import { buildStage } from '../dockerfile/dockerfile-text.js';
import { installFiles, needsFullImage, toolsReason } from './node-dependencies.js';
import { dependsOn, type NodeManifest, readManifest } from './node-manifest.js';
import { type NodeManager, nodeManagerOf } from './node-manager.js';
import { type NodeOutput, nodeOutputOf, OUTPUT_FOLDERS } from './node-output.js';
import { anyStartScriptOf, neededAtStart, resolveCommand, startScriptOf, startsWithManager } from './node-start.js';
import { type NodeVersion, nodeVersionOf } from './node-version.js';
import { buildOrder, deployableFolders, isWorkspace } from './node-workspaces.js';
import { procfileOf } from './procfile.js';
import type { DockerfileRequest, Runtime, RuntimeDefaults } from './runtime.js';
import type { SourceFiles } from './source-files.js';
import { renderStaticSite } from './static-site.js';

const DEFAULT_PORT = 3000;
const SITE_PORT = 8080;
/** Files of a site wait here for the final image. */
const SITE = '/home/app/site';
const ENTRIES = ['server', 'index', 'app', 'main'].flatMap((name) => [`${name}.js`, `${name}.mjs`, `${name}.cjs`]);
const TYPESCRIPT_ENTRIES = ['server.ts', 'index.ts', 'app.ts', 'main.ts'].flatMap((name) => [`src/${name}`, name]);
const BUILT = /^(?:\.\/)?(?:dist|build|out|lib|\.output)\//;
const PATH = /^[\w@./-]+$/;
/** For hosts that everybody may read: the key that an ssh address asks for is not there. */
const GIT_BY_HTTPS = {
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'url.https://github.com/.insteadOf',
  GIT_CONFIG_VALUE_0: 'ssh://git@github.com/',
  GIT_CONFIG_KEY_1: 'url.https://github.com/.insteadOf',
  GIT_CONFIG_VALUE_1: 'git@github.com:',
};

/** What the parts of detection found out about one project. */
interface Project {
  files: SourceFiles;
  /** the package to deploy; `.` or its folder in a workspace */
  folder: string;
  manifest: NodeManifest;
  manager: NodeManager;
  version: NodeVersion;
  tools: string | undefined;
  build: string | undefined;
}

/** Detects package.json. The folder is that of a package in a workspace. */
export function detectNode(files: SourceFiles, { nginxImage }: RuntimeDefaults, folder = '.'): Runtime | undefined {
  if (!files.has('package.json')) return undefined;
  const project = projectOf(files, folder);
  const own = folder === '.' ? files : files.below(folder);
  const web = procfileOf(own).get('web');
  if (web !== undefined) {
    const start = resolveCommand(project.manifest, web);
    return { ...server(project, start, 'start command from Procfile (web)', undefined), isProcfileRead: true };
  }
  const output =
    folder === '.' ? nodeOutputOf(own, project.manifest) : inWorkspace(nodeOutputOf(own, project.manifest));
  const script = startScriptOf(project.manifest);
  const isExported = output?.kind === 'files' && output.isExport === true;
  const isReplaced = output?.kind === 'server' && script !== undefined && isServedBetterBy(output, script.command);
  if (script && !isExported && !isReplaced)
    return server(project, script.command, `start command from the script ${script.script}`, output);
  if (output?.kind === 'none') return { ...common(project), missing: output.message };
  if (output?.kind === 'server') return server(project, output.start, `start command of ${output.tool}`, output);
  const entry = entryOf(project);
  if (output?.kind === 'files' && !(entry && isServerEntry(entry))) return site(project, output, nginxImage);
  if (entry) return server(project, startOf(entry, project), `start command from ${entry}`, undefined);
  if (project.build !== undefined && !isRootOfWorkspace(project))
    return site(
      project,
      { kind: 'files', tool: 'web site', folder: undefined, build: undefined, isSinglePage: true },
      nginxImage,
    );
  const anyway = anyStartScriptOf(project.manifest);
  if (anyway !== undefined) return server(project, anyway, 'start command from the script start', undefined);
  return { ...common(project), missing: missingStart(project) };
}

function projectOf(files: SourceFiles, folder: string): Project {
  const root = readManifest(files);
  const manifest = folder === '.' ? root : readManifest(files, `${folder}/package.json`);
  const version = nodeVersionOf(files, manifest.engines.has('node') ? manifest : root);
  const manager = nodeManagerOf(files, root, version.tag);
  const tools = toolsReason(files, manifest) ?? (folder === '.' ? undefined : toolsReason(files, root));
  return { files, folder, manifest, manager, version, tools, build: buildOf(files, folder, manifest, manager) };
}

/** The build script, in a workspace after those of the packages that this one needs. */
function buildOf(
  files: SourceFiles,
  folder: string,
  { scripts }: NodeManifest,
  { run }: NodeManager,
): string | undefined {
  if (folder === '.') return scripts.has('build') ? `${run} build` : undefined;
  const folders = [...buildOrder(files, folder), ...(scripts.has('build') ? [folder] : [])];
  return folders.length === 0 ? undefined : folders.map((each) => `(cd ${each} && ${run} build)`).join(' && ');
}

/** Fields of every runtime of Node.js. */
function common({ files, folder, manifest, manager, version, tools, build }: Project): Runtime {
  const slim = `node:${version.tag}-slim`;
  const full = `node:${version.tag}`;
  const buildEnv = { ...manager.env, ...(tools !== undefined && GIT_BY_HTTPS) };
  return {
    description: `Node.js ${version.tag} with ${manager.description}`,
    reasons: [version.reason, manager.reason, ...(tools === undefined ? [] : [`build stage ${full}: ${tools}`])],
    baseImage: needsFullImage(files, manifest) ? full : slim,
    buildImage: tools === undefined ? slim : full,
    ...(manager.setup !== undefined && { setup: manager.setup }),
    install: manager.install,
    dependencyFiles: folder === '.' ? installFiles(files, manifest) : [],
    ...(build !== undefined && { build }),
    ...(Object.keys(buildEnv).length > 0 && { buildEnv }),
    ...(folder !== '.' && { folder }),
    env: environment(folder),
    defaultPort: DEFAULT_PORT,
    ...(version.problem !== undefined && { problem: version.problem }),
  };
}

/** Programs of the dependencies are found without the package manager. */
function environment(folder: string): Record<string, string> {
  const own = folder === '.' ? '' : `/app/${folder}/node_modules/.bin:`;
  return { NODE_ENV: 'production', PATH: `${own}/app/node_modules/.bin:$PATH` };
}

function server(project: Project, start: string, reason: string, output: NodeOutput | undefined): Runtime {
  const runtime = common(project);
  const framework = output?.kind === 'server' ? output : undefined;
  const copies = framework?.start === start ? framework.copies : undefined;
  const { prune, reason: kept } = copies ? {} : pruneOf(project, start);
  const withManager = startsWithManager(start) && project.manager.setup !== undefined;
  const withPrograms = [
    { from: '/app', to: '/app' },
    { from: '/home/app/.local', to: '/home/app/.local' },
  ];
  return {
    ...runtime,
    reasons: [...runtime.reasons, reason, ...[kept, framework?.note].filter((text) => text !== undefined)],
    start,
    ...(prune !== undefined && { prune }),
    ...(copies ? { copies } : withManager && { copies: withPrograms }),
    ...(framework?.buildEnv && { buildEnv: { ...runtime.buildEnv, ...framework.buildEnv } }),
    env: { ...runtime.env, ...framework?.env },
  };
}

/** Development dependencies do not reach the final image, unless the program needs one. */
function pruneOf({ files, folder, manifest, manager }: Project, start: string): { prune?: string; reason?: string } {
  if (manifest.devDependencies.size === 0 && folder === '.') return {};
  const needed = neededAtStart(start, manifest, folder === '.' ? files : files.below(folder));
  if (needed !== undefined) return { reason: `development dependencies stay: the start command needs ${needed}` };
  // Only npm removes them from a workspace without links that lead nowhere, and leaves what Prisma has generated.
  const isSafe =
    manager.name === 'npm' || (folder === '.' && !manifest.hasWorkspaces && !dependsOn(manifest, '@prisma/client'));
  return isSafe && manager.prune !== undefined ? { prune: manager.prune } : {};
}

/** Files that are built and then served by nginx. */
function site(project: Project, output: NodeOutput & { kind: 'files' }, nginxImage: string): Runtime {
  const runtime = common(project);
  const where = output.folder === undefined ? OUTPUT_FOLDERS.join(', ') : output.folder;
  const tool = output.build === undefined ? undefined : `node_modules/.bin/${output.build}`;
  const build = project.build ?? tool;
  const isIgnored = output.isExport !== true && project.manifest.scripts.has('start');
  const why = isIgnored ? ': the script start is for development' : '';
  return {
    ...runtime,
    description: `${output.tool} with ${runtime.description}`,
    reasons: [...runtime.reasons, `files of ${output.tool} from ${where}, served by nginx${why}`],
    ...(build !== undefined && { build }),
    start: 'nginx',
    defaultPort: SITE_PORT,
    missing: missingStart(project),
    dockerfile: ({ options, port, buildArgNames }: DockerfileRequest) => {
      if (options.startCommand !== null) return undefined;
      const stage = buildStage({
        ...runtime,
        buildImage: options.baseImage ?? runtime.buildImage ?? runtime.baseImage,
        buildArgNames,
        dependencyFiles: options.installCommand === null ? (runtime.dependencyFiles ?? []) : [],
        install: options.installCommand ?? runtime.install,
        build: options.buildCommand ?? build,
        prune: moveSite(project.folder, output.folder, project.files.has('index.html')),
      });
      const { isSinglePage } = output;
      return (
        stage +
        renderStaticSite({ nginxImage, stage: 'build', folder: `${SITE}/`, isSinglePage, isBundled: true, port })
      );
    },
  };
}

/** Moves what the build has made to a fixed place; says what to do when it is in no known folder. */
function moveSite(folder: string, known: string | undefined, hasPage: boolean): string {
  const folders = [...new Set([...(known === undefined ? [] : [known]), ...OUTPUT_FOLDERS])];
  const paths = folders.map((name) => (folder === '.' ? name : `${folder}/${name}`)).join(' ');
  const message = `The build made no index.html in ${folders.join(', ')}. Set startCommand, such as "npx serve -s FOLDER -l 8080", or add a Dockerfile.`;
  const moved = `for folder in ${paths}; do if [ -f "$folder/index.html" ]; then exec mv "$folder" ${SITE}; fi; done`;
  // A build that only adds files to the pages, such as a style sheet.
  if (known === undefined && folder === '.' && hasPage) return `${moved}; rm -rf node_modules && exec cp -R . ${SITE}`;
  return `${moved}; echo '${message}' >&2; exit 1`;
}

/** In a workspace an output is not copied alone: its paths depend on the root that the tool finds. */
function inWorkspace(output: NodeOutput | undefined): NodeOutput | undefined {
  if (output?.kind !== 'server' || output.copies === undefined) return output;
  const { kind, tool, env = {} } = output;
  return { kind, tool, start: tool === 'Next.js standalone' ? 'next start' : output.start, env };
}

/** A self-contained output is smaller and needs no dependencies. */
function isServedBetterBy({ start, copies }: NodeOutput & { kind: 'server' }, command: string): boolean {
  return copies !== undefined && (command === start || /^(?:next|nuxt|nuxi) start$/.test(command));
}

/** The file of `main`, or one with a usual name. */
function entryOf({ files, folder, manifest, build }: Project): string | undefined {
  const own = folder === '.' ? files : files.below(folder);
  const main = manifest.main?.replace(/^\.\//, '');
  const candidates = main === undefined ? [] : [main, `${main}.js`, `${main}/index.js`];
  const found =
    own.first(...candidates) ?? (main !== undefined && build !== undefined && BUILT.test(main) ? main : undefined);
  const entry = found ?? own.first(...ENTRIES) ?? own.first(...TYPESCRIPT_ENTRIES);
  return entry !== undefined && PATH.test(entry) ? entry : undefined;
}

/** Beside a bundler `index.js` or `main.ts` is a part of the pages. */
function isServerEntry(entry: string): boolean {
  return /^(?:src\/)?server\.\w+$/.test(entry);
}

function startOf(entry: string, { manifest, manager }: Project): string {
  if (!entry.endsWith('.ts')) return `node ${entry}`;
  if (manager.name === 'bun') return `bun ${entry}`;
  const program = ['tsx', 'ts-node'].find((name) => dependsOn(manifest, name));
  return `${program ?? 'node'} ${entry}`;
}

function isRootOfWorkspace({ files, folder }: Project): boolean {
  return folder === '.' && isWorkspace(files);
}

function missingStart(project: Project): string {
  const folders = isRootOfWorkspace(project) ? deployableFolders(project.files) : [];
  if (folders.length > 0) {
    const shown = folders.slice(0, 10).join(', ');
    return `This is the root of a workspace. Set buildContext to the package to deploy: ${shown}.`;
  }
  const scripts = [...project.manifest.scripts.keys()].filter((name) => /^[\w:.-]{1,40}$/.test(name)).slice(0, 10);
  const found = scripts.length === 0 ? '' : ` (the scripts are ${scripts.join(', ')})`;
  return `Set startCommand, such as "node server.js", or add a start script to package.json${found}.`;
}
