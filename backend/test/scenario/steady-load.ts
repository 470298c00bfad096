import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const NODE = path.resolve(import.meta.dirname, '../../node_modules/.bin/node');

export interface Phase {
  requests: number;
  failed: number;
  p99Ms: number;
  worstMs: number;
  errors: Record<string, number>;
}

interface SteadyLoadOptions {
  port: number;
  perSecond: number;
  path?: string;
  headers?: Record<string, string>;
  /** of a site with HTTPS */
  domain?: string;
  ca?: string;
  fromElsewhere?: boolean;
}

/** Visitors who come at a fixed pace, from a process of their own. */
export class SteadyLoad {
  private readonly child: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream };

  /** `fromElsewhere`: as visitors of another machine, who do not compete for its CPU. It needs the right to a higher priority. */
  constructor({
    port,
    perSecond,
    path: pathname = '/',
    headers = {},
    domain = '',
    ca = '',
    fromElsewhere = false,
  }: SteadyLoadOptions) {
    const env = {
      PORT: String(port),
      PATHNAME: pathname,
      HEADERS: JSON.stringify(headers),
      PER_SECOND: String(perSecond),
      DOMAIN: domain,
      CA: ca,
    };
    const [program, ...args] = [
      ...(fromElsewhere ? ['nice', '-n', '-20'] : []),
      NODE,
      path.join(import.meta.dirname, 'steady-load.mjs'),
    ];
    this.child = spawn(program, args, {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** What has been since the last phase ended. */
  async endPhase(): Promise<Phase> {
    const lines = createInterface({ input: this.child.stdout });
    const line = Promise.race([once(lines, 'line'), once(lines, 'close')]) as Promise<[string?]>;
    this.child.stdin.write('\n');
    const [text] = await line;
    if (text === undefined) throw new Error('the load has ended: its error is in the output of this test');
    lines.close();
    return JSON.parse(text) as Phase;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.stdin.end();
    await ended;
  }
}
