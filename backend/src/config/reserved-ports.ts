import { networkInterfaces } from 'node:os';
import type { ParsedEnv } from './config.schema.js';

/** Ports of Docker itself: its API, and Swarm's management, gossip and overlay traffic. */
const DOCKER_PORTS = [2375, 2376, 2377, 7946, 4789];
const DEFAULT_PORTS: Record<string, number> = {
  'http:': 80,
  'https:': 443,
  'postgresql:': 5432,
  'postgres:': 5432,
  'redis:': 6379,
  'rediss:': 6379,
  'tcp:': 2375,
};

/**
 * Returns the ports of this machine that the configuration names. A deployment that held one, even for the moment of a
 * restart, would get what is meant for the platform: visitors, images, keys.
 */
export function reservedPortsOf(env: ParsedEnv): ReadonlySet<number> {
  const { PORT, INGRESS_HTTP_PORT, INGRESS_HTTPS_PORT, BUILD_REGISTRY_PORT, BUILD_REGISTRY = 'own' } = env;
  const urls = [
    env.DATABASE_URL,
    env.REDIS_URL,
    env.DOCKER_HOST,
    env.TELEGRAM_API_ROOT,
    env.ACME_DIRECTORY_URL,
    BUILD_REGISTRY === 'own' ? undefined : `https://${BUILD_REGISTRY}`,
  ];
  return new Set([
    PORT,
    INGRESS_HTTP_PORT,
    INGRESS_HTTPS_PORT,
    BUILD_REGISTRY_PORT,
    ...DOCKER_PORTS,
    ...urls.flatMap((url) => localPortOf(url) ?? []),
  ]);
}

/** The port of a URL whose host is this machine. */
function localPortOf(text: string | undefined): number | undefined {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !isLocal(url.hostname.replace(/^\[|\]$/g, ''))) return undefined;
  return url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
}

function isLocal(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));
}
