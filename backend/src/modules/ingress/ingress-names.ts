import { createHash } from 'node:crypto';

/** Names of what the Engine keeps for the ingress. The underscore keeps them apart from deployments' names, which have none. */
export const FRONT_SERVICE = 'berth_front';
export const EDGE_NETWORK = 'berth_edge';
/** Where the edge of the platform's own name finds the API's socket. */
export const API_VOLUME = 'berth_api';

const HASH_LENGTH = 24;

export function contentHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH);
}

export function edgeServiceName(siteId: string): string {
  return `berth_edge_${siteId}`;
}

/** What the front looks for in Docker's DNS. */
export function edgeAlias(domain: string): string {
  return `${domain}.edge`;
}

/** Of a config or secret, by what its content is or follows from: it never changes. */
export function contentName(kind: string, content: string): string {
  return `berth_${kind}_${contentHash(content)}`;
}
