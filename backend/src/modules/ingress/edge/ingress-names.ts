/** Names of the ingress' objects in the Engine. Names of deployments have no underscore, so they cannot collide. */
export const FRONT_SERVICE = 'berth_front';
export const EDGE_NETWORK = 'berth_edge';
/** Volume with the API's socket, for the edge of the platform's own name. */
export const API_VOLUME = 'berth_api';

export function edgeServiceName(siteId: string): string {
  return `berth_edge_${siteId}`;
}

/** The name that the front resolves in Docker's DNS. */
export function edgeAlias(domain: string): string {
  return `${domain}.edge`;
}
