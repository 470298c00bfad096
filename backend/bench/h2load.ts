import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * So many requests, HTTP/1.1 over TLS, by connections that are kept; requests/s. Throws when one was not answered with 2xx. (By time instead of by
 * number, h2load 1.52 waits for ever once a server closes a connection, as nginx does after a thousand requests.)
 */
export async function h2load(url: string, port: number, requests: number, connections = 32): Promise<number> {
  const options = ['--h1', `-c${connections}`, `-n${requests}`, `--connect-to=127.0.0.1:${port}`];
  const { stdout } = await promisify(execFile)('h2load', [...options, url]);
  const [, perSecond] = /finished in .*?, ([\d.]+) req\/s/.exec(stdout) ?? [];
  const [, succeeded] = /(\d+) succeeded, 0 failed, 0 errored/.exec(stdout) ?? [];
  if (Number(succeeded) !== requests || perSecond === undefined) throw new Error(stdout);
  return Number(perSecond);
}
