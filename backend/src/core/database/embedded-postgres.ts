import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { PostgresFiles, serverUser } from './postgres-files.js';

export interface EmbeddedPostgresOptions {
  /** `{DATA_DIR}/postgres` */
  dataDir: string;
  log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

const READY_MS = 60_000;
/** Backends of a killed postmaster hold its shared memory for a moment: the first tries may fail. */
const RELAUNCH_MS = 15_000;
const STOP_MS = 8000;
const WATCH_MS = 1000;
const LOOK_MS = 25;
/** A small server that keeps its promises: fsync stays on. */
const SETTINGS = {
  listen_addresses: '',
  shared_buffers: '16MB',
  max_connections: '60',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  autovacuum_max_workers: '1',
  jit: 'off',
  huge_pages: 'off',
  max_wal_size: '256MB',
  unix_socket_permissions: '0700',
  log_min_messages: 'warning',
};

/**
 * A real PostgreSQL with binaries from npm, for machines without one. It listens on a unix socket only and runs as a user of its own. It is
 * started in a session of its own, so that it survives `kill -9` of the API and is adopted by the next start; when it dies itself, it is started again.
 */
export class EmbeddedPostgres {
  private readonly files: PostgresFiles;
  private readonly log: EmbeddedPostgresOptions['log'];
  private child: ChildProcess | undefined;
  private watch: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor({ dataDir, log }: EmbeddedPostgresOptions) {
    this.files = new PostgresFiles(dataDir);
    this.log = log;
  }

  /** The postmaster's pid while it lives. */
  get pid(): number | undefined {
    return this.files.postmaster();
  }

  /** Starts the server, or adopts a living one; resolves when it accepts connections. */
  async start(): Promise<{ connectionString: string; adopted: boolean }> {
    this.files.prepare();
    const unlock = await this.lock();
    try {
      if (!existsSync(this.files.data)) await this.initialise();
      const adopted = this.pid !== undefined;
      if (adopted) await this.ready();
      else await this.launch();
      await this.ensureDatabase();
      this.watch = setInterval(() => void this.relaunchIfGone(), WATCH_MS).unref();
      return { connectionString: this.files.connectionString(), adopted };
    } finally {
      unlock();
    }
  }

  /** Fast shutdown, whether started or adopted; resolves when it is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.watch);
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
      const { pid } = this;
      if (pid === undefined) return;
      process.kill(pid, signal);
      if (await this.gone(pid, STOP_MS)) return;
    }
  }

  /** In a folder beside, renamed when complete: a kill in the middle leaves nothing that looks like a database. */
  private async initialise(): Promise<void> {
    const fresh = `${this.files.data}.new`;
    const passwordFile = path.join(this.files.run, 'password');
    rmSync(fresh, { recursive: true, force: true });
    this.files.own(fresh);
    writeFileSync(passwordFile, this.files.password(), { mode: 0o644 });
    try {
      const args = [
        '-D',
        fresh,
        '-U',
        'berth',
        `--pwfile=${passwordFile}`,
        '-A',
        'scram-sha-256',
        '-E',
        'UTF8',
        '--locale=C',
        '--no-instructions',
      ];
      await promisify(execFile)(path.join(this.files.binaries(), 'initdb'), args, {
        ...serverUser(),
        cwd: this.files.run,
        env: { LC_ALL: 'C', TZ: 'UTC' },
      });
    } catch (error) {
      const { stderr = '', message } = error as Error & { stderr?: string };
      throw new Error(
        `PostgreSQL could not be set up in ${this.files.data}: ${stderr.trim().split('\n').at(-1) ?? message}`,
        { cause: error },
      );
    } finally {
      rmSync(passwordFile, { force: true });
    }
    renameSync(fresh, this.files.data);
  }

  private async launch(): Promise<void> {
    const end = Date.now() + RELAUNCH_MS;
    for (;;) {
      this.spawn();
      if (await this.ready()) return;
      if (Date.now() > end)
        throw new Error(
          `PostgreSQL does not start: ${this.files.lastLogLine() || 'it said nothing'} (see ${this.files.log})`,
        );
      await delay(200);
    }
  }

  private spawn(): void {
    const args = [
      '-D',
      this.files.data,
      '-k',
      this.files.run,
      ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    const log = openSync(this.files.log, 'w', 0o600);
    this.child = spawn(path.join(this.files.binaries(), 'postgres'), args, {
      ...serverUser(),
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: { LC_ALL: 'C', TZ: 'UTC' },
    });
    closeSync(log);
    this.child.on('error', (error) => this.log('error', `PostgreSQL cannot be started: ${error.message}`));
    this.child.unref();
  }

  /** False when the server that we started ended instead. */
  private async ready(): Promise<boolean> {
    const end = Date.now() + READY_MS;
    while (Date.now() < end) {
      if (await this.answers()) return true;
      if (this.child && (this.child.exitCode !== null || this.child.signalCode !== null)) return false;
      await delay(LOOK_MS);
    }
    throw new Error(`PostgreSQL does not answer: ${this.files.lastLogLine()} (see ${this.files.log})`);
  }

  private async answers(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.files.connectionString('postgres'),
      connectionTimeoutMillis: 2000,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      return false;
    }
  }

  private async ensureDatabase(): Promise<void> {
    const client = new pg.Client({ connectionString: this.files.connectionString('postgres') });
    await client.connect();
    try {
      const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = 'berth'");
      if (rowCount === 0) await client.query('CREATE DATABASE berth');
    } finally {
      await client.end();
    }
  }

  private async relaunchIfGone(): Promise<void> {
    if (this.stopping || this.pid !== undefined) return;
    clearInterval(this.watch);
    this.log('warn', 'PostgreSQL is gone: starting it again');
    try {
      await this.launch();
    } catch (error) {
      this.log('error', (error as Error).message);
    }
    if (!this.stopping) this.watch = setInterval(() => void this.relaunchIfGone(), WATCH_MS).unref();
  }

  private async gone(pid: number, withinMs: number): Promise<boolean> {
    const end = Date.now() + withinMs;
    while (Date.now() < end) {
      if (!isAlive(pid) || this.pid === undefined) return true;
      await delay(LOOK_MS);
    }
    return false;
  }

  /** One starter at a time: a second one waits, then adopts. */
  private async lock(): Promise<() => void> {
    const end = Date.now() + READY_MS;
    for (;;) {
      try {
        writeFileSync(this.files.lock, String(process.pid), { flag: 'wx' });
        return () => rmSync(this.files.lock, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
          throw new Error(`${this.files.lock} cannot be written: ${(error as Error).message}`, { cause: error });
      }
      const holder = existsSync(this.files.lock) ? Number(readFileSync(this.files.lock, 'utf8')) : 0;
      if (holder && (!isAlive(holder) || Date.now() > end)) rmSync(this.files.lock, { force: true });
      await delay(LOOK_MS);
    }
  }
}

/** The connection string of a server that runs already. */
export function runningServer(dataDir: string): string | undefined {
  const files = new PostgresFiles(dataDir);
  return files.postmaster() === undefined ? undefined : files.connectionString();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
