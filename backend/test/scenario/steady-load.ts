import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const NODE = path.resolve(import.meta.dirname, '../../node_modules/.bin/node');

export interface Phase {
  requests: number;
  failed: number;
  p99Ms: number;
  errors: Record<string, number>;
}

/** Visitors who come at a fixed pace, from a process of their own. */
export class SteadyLoad {
  private readonly child: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream };

  constructor({ port, domain, perSecond, ca }: { port: number; domain: string; perSecond: number; ca: string }) {
    const env = { PORT: String(port), DOMAIN: domain, PER_SECOND: String(perSecond), CA: ca };
    this.child = spawn(NODE, [path.join(import.meta.dirname, 'steady-load.mjs')], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  /** What has been since the last phase ended. */
  async endPhase(): Promise<Phase> {
    const lines = createInterface({ input: this.child.stdout });
    const line = once(lines, 'line') as Promise<[string]>;
    this.child.stdin.write('\n');
    const [text] = await line;
    lines.close();
    return JSON.parse(text) as Phase;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.stdin.end();
    await ended;
  }
}
