import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { postgresFailure } from './postgres-failure.js';
import { PostgresFiles } from './postgres-files.js';
import { unprivilegedUser } from '#src/common/unprivileged-user.js';
import { acquireStartLock } from './start-lock.js';

export interface EmbeddedPostgresOptions {
  /** `{DATA_DIR}/postgres` */
  dataDir: string;
  log: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** The npm package with the server's binaries; default: the installed one. */
  packageDir?: string;
}

const READY_TIMEOUT_MS = 60_000;
const LOCK_TIMEOUT_MS = 90_000;
/** The remains of a killed postmaster may prevent the next start for a moment. */
const RELAUNCH_TIMEOUT_MS = 15_000;
const LEFTOVERS_TIMEOUT_MS = 5000;
const STOP_TIMEOUT_MS = 8000;
const WATCH_INTERVAL_MS = 1000;
const POLL_INTERVAL_MS = 25;
const TRANSIENT = /pre-existing shared memory block|lock file .* already exists|could not bind|is still in use/i;
const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' };
/** Settings of a small server; fsync stays on. */
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '60',
  shared_buffers: '16MB',
  huge_pages: 'off',
  jit: 'off',
  io_method: 'sync',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  max_logical_replication_workers: '0',
  autovacuum_max_workers: '1',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  log_checkpoints: 'off',
  log_min_messages: 'fatal',
};

/**
 * A PostgreSQL server with binaries from npm, for machines without one. It listens on a Unix socket only and never
 * runs as root. It runs in its own session, so that it survives `kill -9` of the API and the next start adopts it. If
 * it dies, it is restarted.
 */
export class EmbeddedPostgres {
  private readonly files: PostgresFiles;
  private readonly report: EmbeddedPostgresOptions['log'];
  private child: ChildProcess | undefined;
  private watch: NodeJS.Timeout | undefined;
  private relaunching: Promise<void> | undefined;
  private reported = '';
  private stopping = false;

  constructor({ dataDir, log, packageDir }: EmbeddedPostgresOptions) {
    this.files = new PostgresFiles(dataDir, packageDir);
    this.report = log;
  }

  /** The postmaster's pid; undefined if it does not run. */
  get pid(): number | undefined {
    return this.files.postmaster();
  }

  /** Starts the server, or adopts a running one; resolves when it accepts connections. */
  async start(): Promise<{ connectionString: string; adopted: boolean }> {
    this.stopping = false;
    try {
      this.files.prepare();
      if (this.files.runIsElsewhere)
        this.report('info', `PostgreSQL's socket is in ${this.files.run}: its path in ${this.files.dir} is too long`);
      const adopted = await this.locked(() => this.startOrAdopt());
      this.watch = setInterval(() => this.checkAlive(), WATCH_INTERVAL_MS).unref();
      return { connectionString: this.files.connectionString(), adopted };
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** Shuts the server down, whether started or adopted; resolves when it has exited. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.watch);
    await this.relaunching;
    const { pid } = this;
    if (pid === undefined) return;
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
      sendSignal(pid, signal);
      if (await until(() => !this.files.isOurs(pid), STOP_TIMEOUT_MS)) return;
    }
    this.report('error', `PostgreSQL (pid ${pid}) does not stop`);
  }

  private async startOrAdopt(): Promise<boolean> {
    if (!existsSync(this.files.data)) await this.initialise();
    const adopted = this.pid !== undefined && (await this.waitUntilReady());
    if (!adopted) await this.launch();
    return adopted;
  }

  /** Initialises a temporary folder and renames it, so that a kill in between leaves no incomplete database. */
  private async initialise(): Promise<void> {
    const fresh = `${this.files.data}.new`;
    const passwordFile = path.join(this.files.run, 'password');
    rmSync(fresh, { recursive: true, force: true });
    this.files.own(fresh);
    writeFileSync(passwordFile, this.files.password(), { mode: 0o644 }); // only the server's user can enter its folder
    const authentication = ['-U', 'berth', `--pwfile=${passwordFile}`, '-A', 'scram-sha-256'];
    const args = ['-D', fresh, ...authentication, '-E', 'UTF8', '--locale=C', '--no-instructions'];
    try {
      const initdb = path.join(this.files.binaries(), 'initdb');
      await promisify(execFile)(initdb, args, { ...unprivilegedUser(), cwd: '/', env: ENVIRONMENT });
    } catch (error) {
      const { stderr = '', message } = error as Error & { stderr?: string };
      const lines = stderr.split('\n').filter(Boolean);
      const reason = lines.find((line) => /error|fatal|panic/i.test(line)) ?? lines.at(-1) ?? message;
      throw this.failure('PostgreSQL could not be set up', reason, error);
    } finally {
      rmSync(passwordFile, { force: true });
    }
    renameSync(fresh, this.files.data);
    flushFolder(this.files.dir);
  }

  private async launch(): Promise<void> {
    const end = performance.now() + RELAUNCH_TIMEOUT_MS;
    while (!this.stopping) {
      await this.clearLeftovers();
      this.spawn();
      if (await this.waitUntilReady()) return;
      const reason = this.files.lastError();
      if (performance.now() > end || !TRANSIENT.test(reason)) throw this.failure('PostgreSQL does not start', reason);
      await delay(200);
    }
  }

  /**
   * Waits for backends that outlive a killed postmaster, because they hold its shared memory; kills them after a
   * timeout.
   */
  private async clearLeftovers(): Promise<void> {
    if (!(await until(() => this.files.processes().length === 0, LEFTOVERS_TIMEOUT_MS))) {
      for (const pid of this.files.processes()) sendSignal(pid, 'SIGKILL');
      await until(() => this.files.processes().length === 0, LEFTOVERS_TIMEOUT_MS);
    }
    if (await this.accepts())
      throw new Error(`a server outside this container already uses ${this.files.dir}: one DATA_DIR serves one Berth`);
    this.files.removeForeignPid();
  }

  private spawn(): void {
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const command = path.join(this.files.binaries(), 'postgres');
    this.files.boundLog(0);
    const log = openSync(this.files.log, 'a', 0o600);
    const child = spawn(command, ['-D', this.files.data, '-k', this.files.run, ...settings], {
      ...unprivilegedUser(),
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: ENVIRONMENT,
    });
    closeSync(log);
    child.on('error', (error) => this.report('error', `PostgreSQL cannot be started: ${error.message}`));
    child.on('exit', () => this.watch && this.checkAlive());
    child.unref();
    this.child = child;
  }

  /** Waits until the server accepts connections; false if it exits instead. */
  private async waitUntilReady(): Promise<boolean> {
    const { child } = this;
    const alive = () => (child ? child.exitCode === null && child.signalCode === null : this.pid !== undefined);
    const end = performance.now() + READY_TIMEOUT_MS;
    while (performance.now() < end) {
      const error = await this.connectionError();
      if (error === undefined) return true;
      if (error.code === '28P01')
        throw new Error(`PostgreSQL refuses the password in ${this.files.dir}/password: restore the previous file`);
      if (!alive()) return false;
      await delay(POLL_INTERVAL_MS);
    }
    throw this.failure('PostgreSQL does not answer', this.files.lastError());
  }

  /** Why the server accepts no connection; undefined if it does. */
  private async connectionError(): Promise<{ code?: string } | undefined> {
    try {
      await this.withClient(ensureDatabase);
      return undefined;
    } catch (error) {
      return error as { code?: string };
    }
  }

  private accepts(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.files.socket)
        .once('connect', () => resolve(true))
        .once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }

  private async withClient(action: (client: pg.Client) => Promise<unknown>): Promise<void> {
    const connectionString = this.files.connectionString('postgres');
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await action(client);
    } finally {
      await client.end();
    }
  }

  /**
   * A SIGTERM from outside makes it wait until all clients disconnect, and this process never does: SIGINT ends it, and
   * it is restarted.
   */
  private checkAlive(): void {
    if (this.stopping || this.relaunching) return;
    if (this.pid === undefined) this.relaunching = this.relaunch().finally(() => (this.relaunching = undefined));
    else if (this.files.isStopping) sendSignal(this.pid, 'SIGINT');
    else this.files.boundLog();
  }

  /** Another process that adopted it may restart it at the same time: the second one finds it running. */
  private async relaunch(): Promise<void> {
    try {
      await this.locked(async () => {
        if (this.stopping || this.pid !== undefined) return;
        this.report('warn', 'PostgreSQL has exited: restarting it');
        await this.launch();
      });
      this.reported = '';
    } catch (error) {
      const { message } = this.explained(error);
      if (message !== this.reported) this.report('error', message);
      this.reported = message;
    }
  }

  private async locked<T>(action: () => Promise<T>): Promise<T> {
    const release = await acquireStartLock(this.files.dir, LOCK_TIMEOUT_MS);
    try {
      return await action();
    } finally {
      await release();
    }
  }

  private explained(error: unknown): Error {
    const { code, message } = error as NodeJS.ErrnoException;
    return code && /^E[A-Z]+$/.test(code)
      ? this.failure('PostgreSQL cannot be started', message, error)
      : (error as Error);
  }

  private failure(what: string, reason: string, cause?: unknown): Error {
    return new Error(postgresFailure(what, reason, this.files.dir, this.files.log), { cause });
  }
}

/** Connection string of a running embedded server; undefined if none runs. */
export function runningServer(dataDir: string): string | undefined {
  const files = new PostgresFiles(dataDir);
  return files.postmaster() === undefined ? undefined : files.connectionString();
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = 'berth'");
  if (rowCount === 0) await client.query('CREATE DATABASE berth');
}

/** Without effect on a process that has ended. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function until(condition: () => boolean, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!condition() && performance.now() < end) await delay(POLL_INTERVAL_MS);
  return condition();
}

function flushFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
