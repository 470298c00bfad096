import type { Candidate, SiteTarget } from './sites.repository.js';

/** What answers: of the releases that run, newest first, the one of the wanted name, else the newest with a TCP port. */
export function chooseTarget(
  candidates: Candidate[],
  { name, port }: SiteTarget,
): { name: string; port: number } | undefined {
  for (const candidate of candidates) {
    const answering = port ?? candidate.tcpPorts[0];
    const isWanted = name === null ? candidate.tcpPorts.length > 0 : candidate.name === name;
    if (isWanted && answering !== undefined) return { name: candidate.name, port: answering };
  }
  return undefined;
}
