import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { type BuildInputs, SOURCE_COMMIT } from '#src/modules/deployments/domain/build-inputs.js';
import type { BuildOptions, SourceKind } from '#src/modules/deployments/domain/build-options.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { BuildContext } from './build-context.js';
import type { BuildPlan } from './build-plan.js';
import { withSourceCommit } from './dockerfile/source-commit.js';
import { requireStage } from './dockerfile/stages.js';
import { inputWarnings } from './input-warnings.js';
import { Planning } from './planning.js';
import type { RunPlanning } from './planning-tasks.js';
import { mayBeWorkspaceMember } from './runtimes/node-workspaces.js';
import type { SourceTexts } from './runtimes/source-files.js';
import type { OpenSource } from './source-tree.js';

/** What a build is planned from, beside its sources. */
export interface PlanRequest {
  options: BuildOptions;
  origin: SourceKind;
  inputs: BuildInputs;
  /** names of the variables of the request */
  envVarNames: string[];
  /** the first TCP port of the deployment */
  port: number | undefined;
}

export interface PlannedBuild {
  files: BuildContext;
  plan: BuildPlan;
  /** text of the Dockerfile, generated or not */
  text: string;
  /** its path in the context that the Engine gets, after all links */
  dockerfile: string;
  isGenerated: boolean;
}

const GENERATED_DOCKERFILE = 'Dockerfile';

interface Opened {
  files: BuildContext;
  texts: SourceTexts;
  workspaceFolder?: string;
}

/** Plans builds from opened sources. */
@Injectable()
export class BuildPlanner {
  constructor(
    private readonly planning: Planning,
    private readonly config: Config,
  ) {}

  /** Throws StepFailure. */
  async plan(request: PlanRequest, source: OpenSource, signal: AbortSignal): Promise<PlannedBuild> {
    const { options, origin, port, inputs } = request;
    const { files, plan } = await this.planning.inThread(signal, async (run) => {
      const { files, texts, workspaceFolder } = await openContext(options, source, run);
      const plan = await run('plan', {
        options,
        origin,
        port,
        buildArgNames: Object.keys(inputs.args).filter((name) => name !== SOURCE_COMMIT),
        files: texts,
        ...(workspaceFolder !== undefined && { workspaceFolder }),
        defaults: { nginxImage: this.config.ingress.image },
      });
      return { files, plan };
    });
    const dockerfile = await dockerfileOf(files, plan, request);
    const lfs = await files.lfsWarning();
    const missed = inputWarnings({
      ...dockerfile,
      inputs,
      envVarNames: request.envVarNames,
      buildEnvVars: options.buildEnvVars ?? false,
      isJavaScript: files.has('package.json'),
    });
    const warnings = [...source.warnings, ...plan.warnings, ...(lfs === undefined ? [] : [lfs]), ...missed];
    return { files, plan: { ...plan, warnings }, ...dockerfile };
  }
}

/** Opens the folder of the request, or the workspace that it belongs to: the workspace has the lock file. */
async function openContext(
  { buildContext, dockerfile }: BuildOptions,
  source: OpenSource,
  run: RunPlanning,
): Promise<Opened> {
  const tree = await source.openTree();
  const names = new Set(tree.entries.filter(({ kind }) => kind === 'file').map(({ name }) => name));
  if (buildContext !== '.' && dockerfile === null && mayBeWorkspaceMember(names, buildContext)) {
    const files = await BuildContext.of(await source.openTree('.'), null, run);
    const texts = await files.sourceTexts(run);
    if (await run('workspace', { files: texts, folder: buildContext }))
      return { files, texts, workspaceFolder: buildContext };
  }
  const files = await BuildContext.of(tree, dockerfile, run);
  return { files, texts: await files.sourceTexts(run) };
}

async function dockerfileOf(
  files: BuildContext,
  plan: BuildPlan,
  { options, origin }: PlanRequest,
): Promise<Pick<PlannedBuild, 'text' | 'dockerfile' | 'isGenerated'>> {
  const target = options.target ?? null;
  if ('text' in plan) {
    if (target !== null)
      throw new StepFailure(
        'DOCKERFILE_INVALID',
        `There is no Dockerfile, so target ${target} names no stage. Add a Dockerfile, set dockerfile, or omit target.`,
      );
    const text = origin === 'repository' ? withSourceCommit(plan.text) : plan.text;
    return { text, dockerfile: GENERATED_DOCKERFILE, isGenerated: true };
  }
  const found = await files.dockerfile(plan.dockerfile);
  if (!found)
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `There is no file ${plan.dockerfile} in the build context (dockerfile), or it is a link that leads out of it.`,
    );
  if (target !== null) requireStage(found.text, target);
  return { text: found.text, dockerfile: found.name, isGenerated: false };
}
