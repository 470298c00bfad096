import type { Deployment } from '../../typescript/src/index.js';

const IN_PROGRESS = new Set(['PENDING', 'PULLING_IMAGE', 'CREATING_VOLUMES', 'STARTING_CONTAINERS']);

export function isInProgress({ status }: Pick<Deployment, 'status'>): boolean {
  return IN_PROGRESS.has(status);
}

/** One name: its newest release, and the one that serves, which may be an older one. */
export interface Named {
  name: string;
  newest: Deployment;
  serving: Deployment | undefined;
}

/** `deployments` newest first. */
export function byName(deployments: Deployment[]): Named[] {
  const names = new Map<string, Named>();
  for (const deployment of deployments) {
    const { name, status } = deployment;
    const named = names.get(name) ?? { name, newest: deployment, serving: undefined };
    if (status === 'RUNNING') named.serving ??= deployment;
    names.set(name, named);
  }
  return [...names.values()];
}

/** HEALTHY, unless a container is anything else. */
export function healthOf({ containers }: Deployment): string {
  const worst = ['UNHEALTHY', 'STARTING', 'NONE', 'HEALTHY'];
  return worst.find((health) => containers.some(({ healthStatus }) => healthStatus === health)) ?? '';
}

export function restartsOf({ containers }: Deployment): number {
  return containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** What fails now, as a sentence, or undefined. */
export function failureOf({ newest, serving }: Named): string | undefined {
  if (newest.status === 'FAILED') return `${newest.errorCode}${serving ? ', the release before still serves' : ''}`;
  if (!serving) return undefined;
  if (healthOf(serving) === 'UNHEALTHY') return 'unhealthy';
  return serving.containers.some(({ status }) => status === 'FAILED') ? 'a container has failed' : undefined;
}

/** What it was made of: the image, or the commit of a repository. */
export function originOf({ image, tag, gitCommitSha, gitUrl, source, sourceSha256 }: Deployment): string {
  if (source === 'GIT') return `${gitUrl?.replace(/^https:\/\//, '')} ${gitCommitSha?.slice(0, 7) ?? ''}`;
  if (source === 'UPLOAD') return `upload ${sourceSha256?.slice(0, 7) ?? ''}`;
  return tag ? `${image}:${tag}` : image;
}
