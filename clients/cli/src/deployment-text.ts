import type { Deployment } from '../../typescript/src/index.js';

export type DeploymentSummary = Pick<
  Deployment,
  'image' | 'tag' | 'source' | 'gitUrl' | 'gitCommitSha' | 'sourceSha256' | 'containers' | 'replicas'
>;

/** Returns what a deployment runs: an image, or the commit or upload that it was built from. */
export function imageOf({ image, tag, source, gitUrl, gitCommitSha, sourceSha256 }: DeploymentSummary): string {
  if (source === 'GIT') return `${gitUrl ?? ''}#${(gitCommitSha ?? '').slice(0, 7)}`;
  if (source === 'UPLOAD') return `upload ${(sourceSha256 ?? '').slice(0, 7)}`;
  return tag ? `${image}:${tag}` : image;
}

export function healthyReplicas({ containers }: DeploymentSummary): number {
  return containers.filter((one) => one.status === 'RUNNING' && one.healthStatus !== 'UNHEALTHY').length;
}

export function healthOf(deployment: DeploymentSummary): string {
  return `${healthyReplicas(deployment)}/${deployment.replicas}`;
}
