import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { parseImageReference } from '#src/modules/deployments/domain/image-reference.js';
import type { BuildFacts, BuildOptions, SourceKind } from './build-options.js';
import { dockerfileText } from './dockerfile-text.js';
import { detectRuntime, type Runtime, type RuntimeDefaults, type RootFiles } from './runtimes/runtime.js';

/** What will be built: a Dockerfile of the repository, or one of ours. */
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

/** What an install command reads that does nothing but install. */
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
  /^(npx --yes \S+ install|npm (ci|install|i)|yarn( install)?|pnpm (install|i)|pip3? install( --no-cache-dir)? -r requirements\.txt)( --?[\w=-]+)*$/;

/** The repository's Dockerfile; else the request's commands; else what its files say. Throws DOCKERFILE_INVALID. */
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
  const stack = detectRuntime(files, input.defaults);
  return given.length > 0 ? fromCommands(input, stack) : fromStack(input, stack);
}

function fromStack(input: PlanInput, stack: Runtime | undefined): BuildPlan {
  if (!stack) {
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `There is no Dockerfile in ${folder(input)}, and nothing that tells how to run it (package.json, requirements.txt, pyproject.toml, go.mod, index.html). Add a Dockerfile, or give baseImage and startCommand; a part of the ${input.origin} is chosen with buildContext.`,
    );
  }
  const facts = { method: 'DETECTED', detected: stack.description, warnings: [] } as const;
  if (stack.dockerfile) return { ...facts, warnings: [], text: stack.dockerfile(input.port) };
  return { ...facts, warnings: [], text: rendered(input, stack) };
}

function fromCommands(input: PlanInput, stack: Runtime | undefined): BuildPlan {
  const { options } = input;
  const baseImage = options.baseImage ?? stack?.baseImage;
  if (!baseImage) {
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `Nothing in ${folder(input)} tells which image to begin with: give baseImage.`,
    );
  }
  const known = stack && !stack.dockerfile && isOfSameKind(baseImage, stack.baseImage) ? stack : undefined;
  const install = options.installCommand ?? known?.install;
  const build = options.buildCommand ?? known?.build;
  const start = options.startCommand ?? known?.start;
  const text = rendered(input, {
    description: '',
    baseImage,
    ...(install && { install }),
    ...(build && { build }),
    ...(start && { start }),
  });
  return { method: 'COMMANDS', detected: known?.description ?? null, warnings: [], text };
}

/** Commands that were found out for Node.js are of use in an image with Node.js only. */
function isOfSameKind(image: string, other: string): boolean {
  const [kind, otherKind] = [image, other].map((reference) =>
    parseImageReference(reference)?.repository.split('/').at(-1),
  );
  return kind === otherKind;
}

function rendered(
  { options, origin, files, buildArgNames, port }: PlanInput,
  { baseImage, install, build, start }: Runtime,
): string {
  if (!start) {
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `Nothing in ${folder({ options, origin })} tells how to start it: give startCommand, or add a start script or a Dockerfile.`,
    );
  }
  return dockerfileText({
    baseImage,
    buildArgNames,
    dependencyFiles: install && INSTALLS_ONLY.test(install) ? dependencyFiles(files) : [],
    install,
    build,
    start,
    port,
  });
}

/** None where installing runs scripts of the project or looks into its folders: then everything is copied first. */
function dependencyFiles(files: RootFiles): string[] {
  const manifest = files.read('package.json') ?? '';
  const needsSources = /"(preinstall|install|postinstall|prepare|workspaces)"\s*:|"(file|link|portal):/.test(manifest);
  const refersToFiles = /^\s*(-[recf]\b|--(requirement|constraint|editable|find-links)|\.|\/|file:)/m.test(
    files.read('requirements.txt') ?? '',
  );
  if (needsSources || refersToFiles || files.names.has('pnpm-workspace.yaml')) return [];
  return DEPENDENCY_FILES.filter((name) => files.names.has(name));
}

function folder({ options: { buildContext }, origin }: Pick<PlanInput, 'options' | 'origin'>): string {
  return buildContext === '.' ? `the ${origin}` : `its folder ${buildContext}`;
}
