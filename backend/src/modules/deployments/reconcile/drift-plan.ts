import type { SwarmService } from '#src/integrations/docker/swarm-services.js';

/** What the row of a running deployment demands. */
export interface Desired {
  id: string;
  name: string;
  replicas: number;
}

/** A running deployment and its service in the Engine. */
export interface Observed<Row extends Desired = Desired> {
  row: Row;
  service: SwarmService | undefined;
  /** Its image was built here and is gone, and no container of it runs. */
  isImageLost: boolean;
}

export type Repair =
  | { action: 'fail'; cause: string }
  | { action: 'recreate'; cause: string }
  | { action: 'scale'; service: SwarmService; cause: string };

/** The repair that makes the service fit the row; undefined when it fits. Pure. */
export function planRepair({ row, service, isImageLost }: Observed): Repair | undefined {
  // Swarm would try to start it for ever.
  if (isImageLost) return { action: 'fail', cause: 'its image was removed from the machine' };
  if (!service) return { action: 'recreate', cause: 'the service is missing' };
  if (service.replicas === row.replicas) return undefined;
  return {
    action: 'scale',
    service,
    cause: `the service has replica count ${service.replicas} instead of ${row.replicas}`,
  };
}
