import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { parseImageReference } from '#src/modules/deployments/domain/image-reference.js';
import type { BuildFacts, BuildOptions, SourceKind } from '#src/modules/deployments/domain/build-options.js';
import { dockerfileText } from './dockerfile/dockerfile-text.js';
import { installFiles } from './runtimes/node-dependencies.js';
import { readManifest } from './runtimes/node-manifest.js';
import { generatorOf, otherDockerfileOf, otherRuntimeOf, projectFolderOf } from './runtimes/other-runtimes.js';
import { procfileOf } from './runtimes/procfile.js';
import { detectRuntime, type Runtime, type RuntimeDefaults } from './runtimes/runtime.js';
import { SourceFiles, type SourceTexts } from './runtimes/source-files.js';

/** What to build: a Dockerfile among the files, or a generated one. */
export type BuildPlan = Pick<BuildFacts, 'method' | 'detected' | 'warnings'> & {
  reasons: string[];
  /** of a generated Dockerfile */
  startCommand: string | null;
  /** the `release` process of the Procfile */
  releaseCommand: string | null;
} & ({ dockerfile: string } | { text: string });

export interface PlanInput {
  options: BuildOptions;
  origin: SourceKind;
  files: SourceTexts;
  buildArgNames: string[];
  /** folder of the package to build, when the files are those of the workspace that it belongs to */
  workspaceFolder?: string;
  /** the first TCP port of the deployment */
  port: number | undefined;
  defaults: RuntimeDefaults;
}

const INSTALLS_ONLY =
  /^(npx --yes \S+ install|npm (ci|install|i)|yarn( install)?|pnpm (install|i)|bun (install|i)|pip3? install( --no-cache-dir)? -r requirements\.txt)$/;
/** A line of requirements.txt that names a file or a folder. */
const REFERENCE = /^(-[recf]\b|--(requirement|constraint|editable|find-links)|\.|\/|file:)/;
const OPTION = /^--?\w[\w=-]*$/;
/** A longer command is no plain install. */
const MAX_INSTALL_CHARACTERS = 500;

/**
 * Chooses the Dockerfile of the files, else the request's commands, else the detected runtime. Throws
 * DOCKERFILE_INVALID.
 */
export function planBuild(input: PlanInput): BuildPlan {
  const { options } = input;
  const files = SourceFiles.from(input.files);
  const given = (['baseImage', 'installCommand', 'buildCommand', 'startCommand'] as const).filter(
    (field) => options[field] !== null,
  );
  // The root of a workspace has files of its own.
  const own = input.workspaceFolder === undefined ? files : files.below(input.workspaceFolder);
  const release = procfileOf(own).get('release') ?? null;
  const releaseReasons = release === null ? [] : ['release command from Procfile (release)'];
  const dockerfile = options.dockerfile ?? own.first('Dockerfile', 'dockerfile');
  if (dockerfile !== undefined) {
    const warnings = given.length > 0 ? [`There is a Dockerfile, so ${given.join(', ')} had no effect.`] : [];
    const none = { detected: null, startCommand: null, releaseCommand: release };
    return { method: 'DOCKERFILE', ...none, reasons: releaseReasons, warnings, dockerfile };
  }
  const runtime = detectRuntime(files, input.defaults, input.workspaceFolder);
  if (runtime?.problem !== undefined && options.baseImage === null)
    throw new StepFailure('DOCKERFILE_INVALID', runtime.problem);
  const planned = given.length > 0 ? fromCommands(input, files, runtime) : fromRuntime(input, files, runtime);
  const reasons = [...planned.reasons, ...releaseReasons];
  return { ...planned, warnings: [], reasons, releaseCommand: release };
}

type Generated = Pick<BuildPlan, 'method' | 'detected' | 'reasons'> & { startCommand: string | null; text: string };

function fromRuntime(input: PlanInput, files: SourceFiles, runtime: Runtime | undefined): Generated {
  if (runtime?.start === undefined && !runtime?.dockerfile) {
    const other = otherDockerfileOf(files) ?? (runtime ? generatorOf(files) : otherRuntimeOf(files));
    if (other !== undefined)
      throw new StepFailure('DOCKERFILE_INVALID', `There is no Dockerfile in ${folder(input)}. ${other}`);
  }
  if (!runtime)
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `There is no Dockerfile in ${folder(input)}, and no file that identifies its runtime (package.json, requirements.txt, pyproject.toml, go.mod, index.html). ${projectFolderOf(files) ?? `Add a Dockerfile, or set baseImage and startCommand. To build a folder of the ${input.origin}, set buildContext.`}`,
    );
  const { description, reasons, start } = runtime;
  const text = ownDockerfile(input, runtime) ?? renderDockerfile(input, files, runtime);
  return { method: 'DETECTED', detected: description, reasons, startCommand: start ?? null, text };
}

function fromCommands(input: PlanInput, files: SourceFiles, runtime: Runtime | undefined): Generated {
  const { options } = input;
  const baseImage = options.baseImage ?? runtime?.baseImage;
  if (!baseImage) {
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `No file in ${folder(input)} identifies its runtime. Set baseImage. ${otherRuntimeOf(files) ?? ''}`.trim(),
    );
  }
  const known = runtime && isSameRuntime(baseImage, runtime.baseImage) ? runtime : undefined;
  const facts = { method: 'COMMANDS', detected: known?.description ?? null, reasons: known?.reasons ?? [] } as const;
  const own = known && ownDockerfile(input, known);
  if (own !== undefined) return { ...facts, startCommand: options.startCommand ?? known?.start ?? null, text: own };
  const recipe = withOptions(options, baseImage, known);
  return { ...facts, startCommand: recipe.start ?? null, text: renderDockerfile(input, files, recipe) };
}

/** The runtime with the commands of the request. An install of its own may leave files anywhere: it has one stage. */
function withOptions(options: BuildOptions, baseImage: string, known: Runtime | undefined): Runtime {
  const install = options.installCommand ?? known?.install;
  const build = options.buildCommand ?? known?.build;
  const start = options.startCommand ?? known?.start;
  const isOneStage = options.installCommand !== null || known?.buildImage === undefined;
  const { prune, env, buildEnv, folder, missing, setup, dependencyFiles, generatedFile, installFolder } = known ?? {};
  // A start command of the request may need any program.
  const withPrograms = [
    { from: '/app', to: '/app' },
    { from: '/home/app/.local', to: '/home/app/.local' },
  ];
  const copies = options.startCommand === null || setup === undefined ? known?.copies : withPrograms;
  return {
    description: known?.description ?? '',
    reasons: [],
    baseImage: isOneStage ? (options.baseImage ?? known?.buildImage ?? baseImage) : baseImage,
    ...(!isOneStage && { buildImage: options.baseImage ?? known?.buildImage ?? baseImage }),
    ...(!isOneStage && prune !== undefined && options.startCommand === null && { prune }),
    ...(!isOneStage && generatedFile && { generatedFile }),
    ...(!isOneStage && installFolder !== undefined && { installFolder }),
    ...(!isOneStage && copies && (options.startCommand === null || setup !== undefined) && { copies }),
    ...(setup !== undefined && { setup }),
    ...(folder !== undefined && { folder }),
    ...(buildEnv && { buildEnv }),
    ...(env && { env }),
    ...(options.installCommand === null && dependencyFiles && { dependencyFiles }),
    ...(missing && { missing }),
    defaultPort: known?.defaultPort ?? 0,
    ...(install && { install }),
    ...(build && { build }),
    ...(start && { start }),
  };
}

function ownDockerfile({ options, port, buildArgNames }: PlanInput, runtime: Runtime): string | undefined {
  return runtime.dockerfile?.({ options, port: port ?? runtime.defaultPort, buildArgNames });
}

/** Commands detected for a runtime work only in an image with that runtime. */
function isSameRuntime(image: string, other: string): boolean {
  const [kind, otherKind] = [image, other].map((reference) =>
    parseImageReference(reference)?.repository.split('/').at(-1),
  );
  return kind === otherKind;
}

function renderDockerfile(input: PlanInput, files: SourceFiles, runtime: Runtime): string {
  const { install, start, missing, defaultPort } = runtime;
  if (!start) {
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `No start command was found in ${folder(input)}. ${missing ?? 'Set startCommand, or add a start script or a Dockerfile.'}`,
    );
  }
  return dockerfileText({
    ...runtime,
    start,
    buildArgNames: input.buildArgNames,
    dependencyFiles: runtime.dependencyFiles ?? (install && isPlainInstall(install) ? dependencyFiles(files) : []),
    port: input.port ?? (defaultPort || undefined),
  });
}

/** True for the install command of a package manager, with options after it. */
function isPlainInstall(command: string): boolean {
  if (command.length > MAX_INSTALL_CHARACTERS) return false;
  const words = command.split(' ');
  const end = words.findLastIndex((word) => !OPTION.test(word)) + 1;
  return INSTALLS_ONLY.test(words.slice(0, end).join(' '));
}

/** Empty when the install runs scripts of the project or reads its folders: then all files are copied first. */
function dependencyFiles(files: SourceFiles): string[] {
  if (files.has('package.json')) return installFiles(files, readManifest(files));
  const requirements = (files.text('requirements.txt') ?? '').split('\n');
  const refersToFiles = requirements.some((line) => REFERENCE.test(line.trimStart()));
  return !refersToFiles && files.has('requirements.txt') ? ['requirements.txt'] : [];
}

function folder({ options: { buildContext }, origin }: Pick<PlanInput, 'options' | 'origin'>): string {
  return buildContext === '.' ? `the ${origin}` : `its folder ${buildContext}`;
}
