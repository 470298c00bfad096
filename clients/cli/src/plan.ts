import type { BuildPreview, DeploymentPlan } from '../../typescript/src/index.js';

/** Describes what a release would do: the release that it replaces, its steps, the build, and the fields that change. */
export function planText({ name, strategy, replaces, steps, build, changes = [] }: DeploymentPlan): string {
  const what = replaces ? `replaces ${replaces}, ${strategy}` : 'replaces nothing';
  const lines = [
    ...(build ? buildLines(build) : []),
    ...changes.map(({ path, change }) => `${change.toLowerCase()} ${path}`),
  ];
  return `${name} ${what}: ${steps.join(', ')}.\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function buildLines({ method, detected, reasons, warnings }: BuildPreview): string[] {
  const source = method === 'DOCKERFILE' ? 'the Dockerfile' : (detected ?? 'the commands of the request');
  return [`built with ${source}`, ...reasons, ...warnings.map((warning) => `warning: ${warning}`)];
}
