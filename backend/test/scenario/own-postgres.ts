import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedPostgres, sendSignal } from '#src/core/database/embedded-postgres.js';
import { PostgresFiles } from '#src/core/database/postgres-files.js';

/** An embedded PostgreSQL of one file of tests, in a folder that goes with it. */
export class OwnPostgres {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'berth-own-postgres-'));
  private readonly server = new EmbeddedPostgres({
    dataDir: path.join(this.folder, 'postgres'),
    log: () => undefined,
  });

  /** Its connection string. */
  async start(): Promise<string> {
    chmodSync(this.folder, 0o755);
    return (await this.server.start()).connectionString;
  }

  /** Sends the signal to all of its processes. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of new PostgresFiles(path.join(this.folder, 'postgres')).processes()) sendSignal(pid, signal);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
