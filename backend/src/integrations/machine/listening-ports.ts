import { readFile } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';

export type Protocol = 'tcp' | 'udp';

/** States of /proc/net: LISTEN of a TCP socket, and of a UDP socket that is not connected. */
const WAITING_STATE = { tcp: '0A', udp: '07' } as const;

/**
 * The ports that programs of this machine listen on, from /proc/net. That is the network namespace of this process: in
 * a container the API sees only its own ports.
 */
@Injectable()
export class ListeningPorts {
  async isUsed(port: number, protocol: Protocol): Promise<boolean> {
    const tables = await Promise.all([protocol, `${protocol}6`].map((name) => readTable(`/proc/net/${name}`)));
    return tables.some((table) => listeningPortsIn(table, protocol).has(port));
  }
}

/** Parses a table of /proc/net: `sl local_address rem_address st …`, addresses and ports in hexadecimal. */
export function listeningPortsIn(table: string, protocol: Protocol): Set<number> {
  const ports = new Set<number>();
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state] = line.trimStart().split(/\s+/, 4);
    if (state === WAITING_STATE[protocol]) ports.add(parseInt(local.slice(local.lastIndexOf(':') + 1), 16));
  }
  return ports;
}

/** Empty without the table: a kernel without IPv6, or a system that is not Linux. */
async function readTable(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
