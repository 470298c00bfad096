import type { Deployment } from '../../typescript/src/index.js';

type Ports = Pick<Deployment, 'ports'>;
type Placed = Ports & { environment: Pick<Deployment['environment'], 'publicDomain'> };

/** Returns the URLs of the TCP host ports; the host is the one of the API. */
export function hostPortUrls({ ports }: Ports, apiUrl: string): string[] {
  const { hostname } = new URL(apiUrl);
  const open = ports.filter(({ host, protocol }) => host !== undefined && host !== null && protocol !== 'udp');
  return open.map(({ host }) => `http://${hostname}:${host ?? ''}`);
}

export function publicUrl(domain: string): string {
  return `https://${domain}`;
}

/** Returns the address for visitors: the public domain of the environment, else the first host port, else undefined. */
export function urlOf(deployment: Placed, apiUrl: string): string | undefined {
  const { publicDomain } = deployment.environment;
  return publicDomain ? publicUrl(publicDomain) : hostPortUrls(deployment, apiUrl)[0];
}
