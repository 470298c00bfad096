import { type ChildProcess, execFile } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { spawnApi } from '../../../script/lib/api-process.mjs';
import { runningServer } from '#src/core/database/embedded-postgres.js';
import { weigh } from '../testbed/cpu-weights.js';
import { eventually } from '../testbed/eventually.js';
import { freePort } from '../testbed/free-port.js';
import { copyDatabase } from '../testbed/prepared-database.js';
import { ApiClient } from './api-client.js';

const BACKEND = path.resolve(import.meta.dirname, '../..');
/** Tests send more than a user does in a minute, and most are not about how long something stays up. */
const GENEROUS = {
  INGRESS: 'off', // there is one front on an engine: only the tests that are about it have it
  METRICS_SAMPLE_SECONDS: '0', // tests count rows, and most are not about samples
  STABILITY_WINDOW_MS: '300',
  DRAIN_SECONDS: '1',
  RATE_LIMIT_MAX: '1000000',
  DEPLOY_RATE_LIMIT_MAX: '1000000',
  GIT_DEPLOY_RATE_LIMIT_MAX: '1000000',
  RUN_RATE_LIMIT_MAX: '1000000',
  AUTH_FAILURE_RATE_LIMIT_MAX: '1000000',
  REGISTRY_ALLOWED_PRIVATE_HOSTS: '127.0.0.1', // of the test bed
  MAX_ENVIRONMENTS_PER_USER: '1000',
  MAX_DEPLOYMENTS_PER_ENVIRONMENT: '1000',
  MAX_STREAMS_PER_USER: '1000',
  MAX_DOMAINS_PER_USER: '1000',
  MAX_CERTIFICATE_ORDERS_PER_USER: '1000',
};

/** The whole program as a process of its own, with a data folder and a database of its own, on a free port. */
export class Platform {
  private child: ChildProcess | undefined;
  private admin: ApiClient | undefined;
  private readonly dataDir = mkdtempSync(path.join(tmpdir(), 'berth-e2e-'));
  private needsDatabase: boolean;
  port = 0;

  /** `isBlank`: it finds no database on its first start, as on a new machine. */
  constructor(
    private env: Record<string, string> = {},
    { isBlank = false } = {},
  ) {
    this.needsDatabase = !isBlank && !env['DATABASE_URL'];
    chmodSync(this.dataDir, 0o755);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** The longest delay of its event loop since the last call, in seconds. For a platform with this METRICS_TOKEN. */
  async eventLoopDelay(metricsToken: string): Promise<number> {
    const headers = { authorization: `Bearer ${metricsToken}` };
    const metrics = await (await fetch(`${this.baseUrl}/metrics`, { headers })).text();
    return Number(/berth_event_loop_delay_seconds\{statistic="max"\} (\S+)/.exec(metrics)?.[1]);
  }

  /** Folders of builds that are there now. */
  get buildDirectories(): string[] {
    return readdirSync(path.join(this.dataDir, 'builds'));
  }

  get postgresDir(): string {
    return path.join(this.dataDir, 'postgres');
  }

  get databaseUrl(): string {
    return this.env['DATABASE_URL'] || (runningServer(this.postgresDir) ?? '');
  }

  /** Process id of the embedded PostgreSQL. */
  get postmaster(): number {
    return Number(readFileSync(path.join(this.postgresDir, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
  }

  get logs(): string {
    return readFileSync(path.join(this.dataDir, 'api.log'), 'utf8');
  }

  /** What script/berth has kept for the operator. */
  get operatorKey(): { text: string; id: string; mode: number } {
    const file = path.join(this.dataDir, 'operator.key');
    const text = readFileSync(file, 'utf8').trim();
    return { text, id: text.split('.')[0]?.replace(/^rw_[a-z]+_/, '') ?? '', mode: statSync(file).mode & 0o777 };
  }

  async start(): Promise<this> {
    this.port ||= await freePort();
    if (this.needsDatabase) await copyDatabase(this.dataDir);
    this.needsDatabase = false;
    const child = spawnApi(this.environment(), ['ignore', 'pipe', 'pipe']);
    this.child = child;
    if (child.pid !== undefined) weigh(child.pid, 'berth-api');
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => this.log(chunk));
    await eventually(async () => {
      if (child.exitCode !== null) return;
      const { status } = await fetch(`${this.baseUrl}/health/ready`);
      if (status !== 200) throw new Error(`not ready: ${status}`);
    }, 60_000);
    if (child.exitCode !== null) throw new Error(`the API ended with ${child.exitCode}:\n${this.logs}`);
    return this;
  }

  /** The same platform with other settings. */
  async restart(env: Record<string, string>): Promise<void> {
    await this.terminate();
    this.env = { ...this.env, ...env };
    await this.start();
  }

  /** As a power cut: nothing is told, nothing is finished. The embedded PostgreSQL goes on. */
  async kill9(): Promise<void> {
    await this.end('SIGKILL');
  }

  async terminate(): Promise<number> {
    const begin = Date.now();
    await this.end('SIGTERM');
    return Date.now() - begin;
  }

  /** Deletes every environment, ends the program and its database, and forgets its data. */
  async stop(): Promise<void> {
    try {
      if (this.alive) await this.deleteEnvironments();
    } finally {
      if (this.alive) await this.terminate();
      this.forget();
    }
  }

  /** Its data folder goes. */
  forget(): void {
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** `script/key` as the operator runs it. */
  key(...args: string[]): Promise<string> {
    return this.script('key', ...args);
  }

  async script(name: 'berth' | 'key' | 'backup' | 'restore' | 'doctor', ...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(path.join(BACKEND, '../script', name), args, {
      env: this.environment(),
    });
    return stdout.trim();
  }

  /** Runs a file of commands in the operator's shell, in the root of the repository; returns all of its output. */
  async shell(file: string): Promise<{ code: number; text: string }> {
    const options = { env: this.environment(), cwd: path.join(BACKEND, '..'), maxBuffer: 2 ** 24 };
    try {
      const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', file], options);
      return { code: 0, text: `${stdout}${stderr}` };
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: number; stdout: string; stderr: string };
      return { code: code ?? -1, text: `${stdout}${stderr}` };
    }
  }

  /** As after the loss of the machine's disk: the program has ended and knows nothing any more. */
  async lose(): Promise<void> {
    await this.terminate();
    for (const name of readdirSync(this.dataDir))
      rmSync(path.join(this.dataDir, name), { recursive: true, force: true });
  }

  /** Every row of the database as text. */
  async dump(): Promise<string> {
    const rows = await this.sql<{ text: string }>(
      "SELECT query_to_xml(format('SELECT * FROM %I.%I', schemaname, tablename), true, true, '')::text AS text FROM pg_tables WHERE schemaname IN ('public', 'graphile_worker')",
    );
    return rows.map(({ text }) => text).join('\n');
  }

  /** How many rows each table has. */
  async counts(): Promise<Record<string, number>> {
    const tables = await this.sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    );
    const counted = tables.map(async ({ name }) => {
      const [row] = await this.sql<{ count: string }>(`SELECT count(*) FROM "${name}"`);
      return [name, Number(row?.count)] as const;
    });
    return Object.fromEntries(await Promise.all(counted));
  }

  async sql<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      return (await client.query<T>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async client(telegramId = '1', scopes = 'ALL'): Promise<ApiClient> {
    const key = await this.key('create', '--telegram-id', telegramId, '--scopes', scopes);
    const client = new ApiClient(this.baseUrl, key);
    if (scopes === 'ALL') this.admin ??= client;
    return client;
  }

  private log(chunk: Buffer): void {
    try {
      appendFileSync(path.join(this.dataDir, 'api.log'), chunk);
    } catch (error) {
      // A full disk loses lines of the log, and must not end the tests.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  private get alive(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  async deleteEnvironments(): Promise<void> {
    let client = this.admin ?? (await this.client('999'));
    if ((await client.request('GET', '/environments')).status !== 200) client = await this.client('999'); // the test took its key
    const { environments } = await client.ok<{ environments: { id: string }[] }>('GET', '/environments?limit=100');
    await Promise.all(environments.map(({ id }) => client.deleteEnvironment(id)));
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      NODE_ENV: 'test',
      ...GENEROUS,
      DATA_DIR: this.dataDir,
      PORT: String(this.port),
      DATABASE_URL: '',
      ...this.env,
    };
  }

  private end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || !this.alive) return Promise.resolve();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  }
}
