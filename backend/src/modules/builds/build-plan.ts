import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { parseImageReference } from '#src/modules/deployments/domain/image-reference.js';
import type { BuildFacts, BuildOptions, SourceKind } from '#src/modules/deployments/domain/build-options.js';
import { dockerfileText } from './dockerfile-text.js';
import { detectRuntime, type Runtime, type RuntimeDefaults, type RootFiles } from './runtimes/runtime.js';

/** What to build: a Dockerfile among the files, or a generated one. */
export type BuildPlan = BuildFacts & ({ dockerfile: string } | { text: string });

export interface PlanInput {
  options: BuildOptions;
  origin: SourceKind;
  files: RootFiles;
  buildArgNames: string[];
  /** the first TCP port of the deployment */
  port: number | undefined;
  defaults: RuntimeDefaults;
}

/** Files that a plain install command reads. */
const DEPENDENCY_FILES = [
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  'requirements.txt',
];
const INSTALLS_ONLY =
  /^(npx --yes \S+ install|npm (ci|install|i)|yarn( install)?|pnpm (install|i)|pip3? install( --no-cache-dir)? -r requirements\.txt)$/;
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
  const { options, files } = input;
  const given = (['baseImage', 'installCommand', 'buildCommand', 'startCommand'] as const).filter(
    (field) => options[field] !== null,
  );
  const dockerfile = options.dockerfile ?? (files.names.has('Dockerfile') ? 'Dockerfile' : undefined);
  if (dockerfile !== undefined) {
    const warnings = given.length > 0 ? [`There is a Dockerfile, so ${given.join(', ')} had no effect.`] : [];
    return { method: 'DOCKERFILE', detected: null, warnings, dockerfile };
  }
  const runtime = detectRuntime(files, input.defaults);
  return given.length > 0 ? fromCommands(input, runtime) : fromRuntime(input, runtime);
}

function fromRuntime(input: PlanInput, runtime: Runtime | undefined): BuildPlan {
  if (!runtime) {
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `There is no Dockerfile in ${folder(input)}, and no file that identifies its runtime (package.json, requirements.txt, pyproject.toml, go.mod, index.html). Add a Dockerfile, or set baseImage and startCommand. To build a folder of the ${input.origin}, set buildContext.`,
    );
  }
  const facts = { method: 'DETECTED', detected: runtime.description, warnings: [] } as const;
  if (runtime.dockerfile) return { ...facts, warnings: [], text: runtime.dockerfile(input.port) };
  return { ...facts, warnings: [], text: renderDockerfile(input, runtime) };
}

function fromCommands(input: PlanInput, runtime: Runtime | undefined): BuildPlan {
  const { options } = input;
  const baseImage = options.baseImage ?? runtime?.baseImage;
  if (!baseImage) {
    throw new StepFailure('DOCKERFILE_INVALID', `No file in ${folder(input)} identifies its runtime. Set baseImage.`);
  }
  const known = runtime && !runtime.dockerfile && isSameRuntime(baseImage, runtime.baseImage) ? runtime : undefined;
  const install = options.installCommand ?? known?.install;
  const build = options.buildCommand ?? known?.build;
  const start = options.startCommand ?? known?.start;
  const text = renderDockerfile(input, {
    description: '',
    baseImage,
    ...(install && { install }),
    ...(build && { build }),
    ...(start && { start }),
  });
  return { method: 'COMMANDS', detected: known?.description ?? null, warnings: [], text };
}

/** Commands detected for a runtime work only in an image with that runtime. */
function isSameRuntime(image: string, other: string): boolean {
  const [kind, otherKind] = [image, other].map((reference) =>
    parseImageReference(reference)?.repository.split('/').at(-1),
  );
  return kind === otherKind;
}

function renderDockerfile(
  { options, origin, files, buildArgNames, port }: PlanInput,
  { baseImage, install, build, start }: Runtime,
): string {
  if (!start) {
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `No start command was found in ${folder({ options, origin })}. Set startCommand, or add a start script or a Dockerfile.`,
    );
  }
  return dockerfileText({
    baseImage,
    buildArgNames,
    dependencyFiles: install && isPlainInstall(install) ? dependencyFiles(files) : [],
    install,
    build,
    start,
    port,
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
function dependencyFiles(files: RootFiles): string[] {
  const manifest = files.texts.get('package.json') ?? '';
  const needsSources = /"(preinstall|install|postinstall|prepare|workspaces)"\s*:|"(file|link|portal):/.test(manifest);
  const requirements = (files.texts.get('requirements.txt') ?? '').split('\n');
  const refersToFiles = requirements.some((line) => REFERENCE.test(line.trimStart()));
  if (needsSources || refersToFiles || files.names.has('pnpm-workspace.yaml')) return [];
  return DEPENDENCY_FILES.filter((name) => files.names.has(name));
}

function folder({ options: { buildContext }, origin }: Pick<PlanInput, 'options' | 'origin'>): string {
  return buildContext === '.' ? `the ${origin}` : `its folder ${buildContext}`;
}
