import type { Candidate, SiteTarget } from './sites.repository.js';

/**
 * Chooses the release that serves the site, of the running ones, newest first: by name, else the first with a TCP port.
 */
export function chooseTarget(
  candidates: Candidate[],
  { name, port }: SiteTarget,
): { name: string; port: number } | undefined {
  for (const candidate of candidates) {
    const targetPort = port ?? candidate.tcpPorts[0];
    const isWanted = name === null ? candidate.tcpPorts.length > 0 : candidate.name === name;
    if (isWanted && targetPort !== undefined) return { name: candidate.name, port: targetPort };
  }
  return undefined;
}
