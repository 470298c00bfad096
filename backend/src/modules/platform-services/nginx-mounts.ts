import type { ProbeConfig } from './probe.js';

/** A Swarm config or secret and the path where a service has it. */
export interface Mounted {
  id: string;
  name: string;
  path: string;
}

/** What front and edges have in common. */
export interface NginxParts {
  image: string;
  engine: { startInterval: boolean; serviceNoNewPrivileges: boolean };
  probe: ProbeConfig | undefined;
  configs: Mounted[];
}
