import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface GitRun {
  args: string[];
  cwd: string;
  env: Record<string, string>;
  user: { uid: number; gid: number } | undefined;
  /** written to file descriptor 3, which askpass reads */
  secret: string;
  /** a line of stderr, without its end; `final` is false for one that the next will overwrite (progress) */
  onLine: (line: string, final: boolean) => void;
  signal: AbortSignal;
}

export interface GitOutcome {
  code: number;
  stdout: string;
  /** the last lines of stderr */
  stderr: string;
}

const MAX_STDOUT = 64 * 1024 * 1024;
const KEPT_LINES = 40;
const MAX_LINE = 2000;

/**
 * One git process and everything that it starts: they are one process group, which ends as a whole with the signal, and git itself dies with
 * us, whatever kills us (setpriv sets the parent-death signal; util-linux, in every Debian). Arguments only, no shell.
 */
export async function runGit({ args, cwd, env, user, secret, onLine, signal }: GitRun): Promise<GitOutcome> {
  signal.throwIfAborted();
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'git', ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    ...user,
  });
  const end = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  signal.addEventListener('abort', end, { once: true });
  const [stdin3] = child.stdio.slice(3) as unknown as [Writable];
  stdin3.on('error', () => undefined); // whoever does not ask leaves it unread
  stdin3.end(secret);
  const lines = new Lines(onLine);
  let stdout = '';
  const [, out, err] = child.stdio as unknown as [null, Readable, Readable];
  out.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (stdout.length > MAX_STDOUT) end();
  });
  err.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exit) => resolve(exit ?? 255));
    });
    lines.end();
    signal.throwIfAborted();
    return { code, stdout, stderr: lines.last.join('\n') };
  } finally {
    signal.removeEventListener('abort', end);
    end(); // what the leader may have left behind
  }
}

/** Lines as a terminal would show them: what ends in a carriage return is overwritten by what follows. */
class Lines {
  readonly last: string[] = [];
  private rest = '';

  constructor(private readonly onLine: GitRun['onLine']) {}

  push(text: string): void {
    const parts = (this.rest + text).split(/(\r\n|\r|\n)/);
    this.rest = (parts.pop() ?? '').slice(0, MAX_LINE);
    for (let index = 0; index + 1 < parts.length; index += 2) this.line(parts[index] ?? '', parts[index + 1] !== '\r');
  }

  end(): void {
    if (this.rest) this.line(this.rest, true);
    this.rest = '';
  }

  private line(text: string, final: boolean): void {
    const line = text.trimEnd().slice(0, MAX_LINE);
    if (line === '') return;
    if (final) {
      this.last.push(line);
      if (this.last.length > KEPT_LINES) this.last.shift();
    }
    this.onLine(line, final);
  }
}
