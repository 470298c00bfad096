import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const NODE = path.resolve(import.meta.dirname, '../node_modules/.bin/node');
const AUTOCANNON = path.resolve(import.meta.dirname, '../node_modules/autocannon/autocannon.js');

export interface Load {
  requestsPerSecond: number;
  p99Ms: number;
}

/** As many requests as get through, from a process of its own. Anything but 2xx is an error. */
export async function load(
  url: string,
  { connections, seconds, apiKey }: { connections: number; seconds: number; apiKey?: string },
): Promise<Load> {
  const header = apiKey === undefined ? [] : ['-H', `X-API-Key: ${apiKey}`];
  const args = [AUTOCANNON, '--json', '-c', String(connections), '-d', String(seconds), ...header, url];
  const { stdout } = await promisify(execFile)(NODE, args, { maxBuffer: 1 << 24 });
  const result = JSON.parse(stdout) as {
    requests: { average: number };
    latency: { p99: number };
    non2xx: number;
    errors: number;
  };
  if (result.non2xx + result.errors > 0) throw new Error(`${url}: ${result.non2xx} not 2xx, ${result.errors} errors`);
  return { requestsPerSecond: result.requests.average, p99Ms: result.latency.p99 };
}
