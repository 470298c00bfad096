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
}

export type Repair = { action: 'recreate'; cause: string } | { action: 'scale'; service: SwarmService; cause: string };

/** The repair that makes the service fit the row; undefined when it fits. Pure. */
export function planRepair({ row, service }: Observed): Repair | undefined {
  if (!service) return { action: 'recreate', cause: 'the service is missing' };
  if (service.replicas === row.replicas) return undefined;
  return {
    action: 'scale',
    service,
    cause: `the service has replica count ${service.replicas} instead of ${row.replicas}`,
  };
}
