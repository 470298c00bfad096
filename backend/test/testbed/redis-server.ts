import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { connect } from 'node:net';

/** A Redis of its own, on loopback, that keeps nothing. */
export class RedisServer {
  port = 0;
  private child: ChildProcess | undefined;
  private readonly dir = mkdtempSync(join(tmpdir(), 'berth-redis-'));

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    this.port ||= await freePort();
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.dir];
    // Debian's one program is what it is called; this package brings it without a service that would start by itself.
    this.child = spawn('redis-check-rdb', options, { argv0: 'redis-server', stdio: 'ignore' });
    await eventually(() => this.answers(), 10_000);
    return this;
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  private answers(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => {
        socket.destroy();
        resolve();
      }).once('error', reject);
    });
  }
}
