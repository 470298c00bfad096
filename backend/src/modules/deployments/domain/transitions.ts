import type { DeploymentStatus } from '#src/generated/prisma/client.js';

/** Where a deployment may go from where it is. Every status write goes through this map; a spec walks it. */
export const TRANSITIONS: Record<DeploymentStatus, readonly DeploymentStatus[]> = {
  PENDING: ['PULLING_IMAGE', 'FAILED'],
  PULLING_IMAGE: ['CREATING_VOLUMES', 'FAILED'],
  CREATING_VOLUMES: ['STARTING_CONTAINERS', 'FAILED'],
  STARTING_CONTAINERS: ['RUNNING', 'FAILED'],
  // While the release before it drains, it is on trial.
  RUNNING: ['FAILED', 'STOPPED'],
  FAILED: [],
  STOPPED: [],
};

export const DEPLOYMENT_STATUSES = Object.keys(TRANSITIONS) as DeploymentStatus[];

export function originsOf(to: DeploymentStatus): DeploymentStatus[] {
  return DEPLOYMENT_STATUSES.filter((from) => TRANSITIONS[from].includes(to));
}

/** Work is going on, or something serves. */
export const LIVE_STATUSES = DEPLOYMENT_STATUSES.filter((status) => TRANSITIONS[status].length > 0);
/** The pipeline has still to decide. */
export const IN_PROGRESS_STATUSES: DeploymentStatus[] = originsOf('FAILED').filter((status) => status !== 'RUNNING');
