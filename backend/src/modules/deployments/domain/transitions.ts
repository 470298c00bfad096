import type { DeploymentStatus } from '#src/generated/prisma/client.js';

/** The statuses that may follow each status. Every status write checks this map. */
export const TRANSITIONS: Record<DeploymentStatus, readonly DeploymentStatus[]> = {
  PENDING: ['PULLING_IMAGE', 'FAILED'],
  PULLING_IMAGE: ['CREATING_VOLUMES', 'FAILED'],
  CREATING_VOLUMES: ['STARTING_CONTAINERS', 'FAILED'],
  STARTING_CONTAINERS: ['RUNNING', 'FAILED'],
  // A release may still fail while the previous one drains.
  RUNNING: ['FAILED', 'STOPPED'],
  FAILED: [],
  STOPPED: [],
};

export const DEPLOYMENT_STATUSES = Object.keys(TRANSITIONS) as DeploymentStatus[];

export function originsOf(to: DeploymentStatus): DeploymentStatus[] {
  return DEPLOYMENT_STATUSES.filter((from) => TRANSITIONS[from].includes(to));
}

/** In progress or RUNNING. */
export const LIVE_STATUSES = DEPLOYMENT_STATUSES.filter((status) => TRANSITIONS[status].length > 0);
/** The pipeline has not decided the outcome. */
export const IN_PROGRESS_STATUSES: DeploymentStatus[] = originsOf('FAILED').filter((status) => status !== 'RUNNING');
