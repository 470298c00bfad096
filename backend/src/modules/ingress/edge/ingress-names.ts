/** Names of what the Engine keeps for the ingress. The underscore keeps them apart from deployments' names, which have none. */
export const FRONT_SERVICE = 'berth_front';
export const EDGE_NETWORK = 'berth_edge';
/** Where the edge of the platform's own name finds the API's socket. */
export const API_VOLUME = 'berth_api';

export function edgeServiceName(siteId: string): string {
  return `berth_edge_${siteId}`;
}

/** What the front looks for in Docker's DNS. */
export function edgeAlias(domain: string): string {
  return `${domain}.edge`;
}
