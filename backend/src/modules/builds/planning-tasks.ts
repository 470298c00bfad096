import { type BuildPlan, planBuild, type PlanInput } from './build-plan.js';
import { IgnoreRules } from './ignore-rules.js';
import { isWorkspaceRoot } from './runtimes/node-workspaces.js';
import { SourceFiles, type SourceTexts } from './runtimes/source-files.js';
import { wantedFiles } from './runtimes/wanted-files.js';

export interface SelectInput {
  /** joined by NUL, which no file name contains: one string crosses to a thread much faster than a list */
  names: string;
  /** 1 for a folder, by index of the name */
  folders: Uint8Array;
  /** text of the .dockerignore */
  rules: string;
  /** names that no rule excludes */
  included: string[];
}

export interface WorkspaceInput {
  files: SourceTexts;
  folder: string;
}

/** The decisions about a build that read what a repository says: pure, and run in a thread of their own. */
export const PLANNING_TASKS = {
  select: selectEntries,
  wanted: ({ names }: { names: string }) => wantedFiles(splitNames(names)),
  plan: planBuild,
  workspace: ({ files, folder }: WorkspaceInput) => isWorkspaceRoot(SourceFiles.from(files), folder),
} as const;

export type PlanningTasks = {
  select: { input: SelectInput; output: Uint8Array };
  wanted: { input: { names: string }; output: string[] };
  plan: { input: PlanInput; output: BuildPlan };
  workspace: { input: WorkspaceInput; output: boolean };
};

/** Runs a task: in a thread, or, in unit tests, at once. Throws StepFailure. */
export type RunPlanning = <T extends keyof PlanningTasks>(
  task: T,
  input: PlanningTasks[T]['input'],
) => Promise<PlanningTasks[T]['output']>;

/**
 * Marks with 1 the entries that belong to the build context. An ignored folder stays when an exception (`!`)
 * re-includes an entry below it.
 */
function selectEntries({ names: joined, folders, rules: text, included }: SelectInput): Uint8Array {
  const rules = IgnoreRules.parse(text);
  const names = splitNames(joined);
  const kept = new Set(included);
  const selected = Uint8Array.from(names, (name) => (kept.has(name) || !rules.ignores(name) ? 1 : 0));
  const needed = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (!selected[index]) continue;
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) {
      if (needed.has(name.slice(0, at))) break;
      needed.add(name.slice(0, at));
    }
  }
  for (const [index, name] of names.entries()) if (folders[index] && needed.has(name)) selected[index] = 1;
  return selected;
}

function splitNames(joined: string): string[] {
  return joined === '' ? [] : joined.split('\0');
}
