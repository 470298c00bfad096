import type { ProbeConfig } from './probe.js';

/** A Swarm config or secret and the path where a service mounts it. */
export interface Mounted {
  id: string;
  name: string;
  path: string;
}

/** Parts that the specs of front and edges share. */
export interface NginxParts {
  image: string;
  engine: { startInterval: boolean; serviceNoNewPrivileges: boolean };
  probe: ProbeConfig | undefined;
  configs: Mounted[];
}
