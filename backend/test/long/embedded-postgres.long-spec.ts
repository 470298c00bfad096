import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddedPostgres, runningServer } from '#src/core/database/embedded-postgres.js';
import { eventually } from '../testbed/eventually.js';

const BACKEND = path.resolve(import.meta.dirname, '../..');
const SOURCE = path.join(BACKEND, 'src/core/database/embedded-postgres.ts');
const isRoot = process.getuid?.() === 0;
const messages: string[] = [];
const started: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of started.splice(0)) await server.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  messages.length = 0;
});

describe('a first start', () => {
  it('must be ready within 5 s, or longer only as far as others keep the machine busy', async () => {
    const begin = Date.now();
    await embedded(temporaryFolder()).start();
    const share = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    expect(Date.now() - begin).toBeLessThan(5000 * share);
  });

  it('must listen on no TCP port, and not run as root', async () => {
    const server = embedded(temporaryFolder());
    const { connectionString, adopted } = await server.start();
    expect(adopted).toBe(false);
    expect(await one(connectionString, "SELECT current_database() || ' ' || current_user AS value")).toBe(
      'berth berth',
    );
    expect(await one(connectionString, "SELECT current_setting('fsync') AS value")).toBe('on');
    expect(await one(connectionString, "SELECT current_setting('listen_addresses') AS value")).toBe('');
    expect(tcpPorts(server.pid)).toEqual([]);
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
    expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).toBe(String(isRoot ? 65_534 : process.getuid?.()));
  });

  it('must keep its password from everyone else', async () => {
    const dataDir = temporaryFolder();
    const { connectionString } = await embedded(dataDir).start();
    const file = path.join(dataDir, 'password');
    expect(statSync(file)).toMatchObject({ uid: process.getuid?.() });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(dataDir, 'run')).mode & 0o777).toBe(0o700);
    await expect(one(connectionString.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
  });

  it('must begin anew what a kill has left half made', async () => {
    const dataDir = temporaryFolder();
    mkdirSync(path.join(dataDir, 'data.new'), { recursive: true });
    writeFileSync(path.join(dataDir, 'data.new', 'PG_VERSION'), '18');
    await embedded(dataDir).start();
    expect(existsSync(path.join(dataDir, 'data.new'))).toBe(false);
  });

  it('must find a place for its socket when the path is too long', async () => {
    const dataDir = path.join(temporaryFolder(), 'a'.repeat(120));
    const server = embedded(dataDir);
    const { connectionString } = await server.start();
    expect(await one(connectionString, 'SELECT 1 AS value')).toBe(1);
    expect(messages.join()).toContain('too long');
    const run = new URL(connectionString).searchParams.get('host') ?? '';
    expect(run.startsWith(dataDir)).toBe(false);
    folders.push(run);
  });

  it.runIf(isRoot)('must work from a package that only root can read', async () => {
    const closed = temporaryFolder(0o700);
    cpSync(installedPackage(), path.join(closed, 'package'), { recursive: true, verbatimSymlinks: true });
    const server = embedded(temporaryFolder(), path.join(closed, 'package'));
    const { connectionString } = await server.start();
    expect(await one(connectionString, 'SELECT 1 AS value')).toBe(1);
  });

  it.runIf(isRoot)('must say which folder is closed to it', async () => {
    const closed = temporaryFolder(0o700);
    await expect(embedded(path.join(closed, 'postgres')).start()).rejects.toThrow(`cannot enter ${closed}: chmod o+x`);
  });
});

describe('a running server', () => {
  it('must come back with its data when the postmaster is killed', async () => {
    const server = embedded(temporaryFolder());
    const { connectionString } = await server.start();
    await run(connectionString, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)');
    for (let round = 0; round < 2; round++) {
      const killed = server.pid ?? 0;
      process.kill(killed, 'SIGKILL');
      await eventually(async () => {
        expect(server.pid).not.toBe(killed);
        expect(await one(connectionString, 'SELECT n AS value FROM kept')).toBe(42);
      }, 15_000);
    }
    expect(messages).toContain('warn PostgreSQL has exited: restarting it');
  });

  it('must come back although a query of the killed one still runs', async () => {
    const server = embedded(temporaryFolder());
    const { connectionString } = await server.start();
    const busy = run(connectionString, 'DO $$ BEGIN LOOP NULL; END LOOP; END $$').catch(() => 'cut off');
    await eventually(async () => {
      expect(await one(connectionString, "SELECT count(*) AS value FROM pg_stat_activity WHERE query LIKE 'DO%'")).toBe(
        '1',
      );
    }, 5000);
    const killed = server.pid ?? 0;
    process.kill(killed, 'SIGKILL');
    await eventually(async () => {
      expect(server.pid).not.toBe(killed);
      expect(await one(connectionString, 'SELECT 1 AS value')).toBe(1);
    }, 20_000);
    expect(await busy).toBe('cut off');
  });

  it('must be adopted when its starter was killed, and restarted by the adopter', async () => {
    const dataDir = temporaryFolder();
    const other = await startInAnotherProcess(dataDir);
    const { pid } = other;
    other.child.kill('SIGKILL');
    await eventually(() => expect(other.child.signalCode).toBe('SIGKILL'), 5000);
    expect(runningServer(dataDir)).toBe(other.connectionString);

    const server = embedded(dataDir);
    expect(await server.start()).toEqual({ connectionString: other.connectionString, adopted: true });
    expect(server.pid).toBe(pid);

    process.kill(pid, 'SIGKILL');
    await eventually(async () => {
      expect(server.pid).not.toBe(pid);
      expect(await one(other.connectionString, 'SELECT 1 AS value')).toBe(1);
    }, 15_000);

    await server.stop();
    expect(server.pid).toBeUndefined();
    expect(runningServer(dataDir)).toBeUndefined();
  });

  it('must be one for all who start at the same time', async () => {
    const dataDir = temporaryFolder();
    const [first, second] = [embedded(dataDir), embedded(dataDir)];
    const [a, b, c] = await Promise.all([first.start(), second.start(), startInAnotherProcess(dataDir)]);
    expect([a, b, c].map(({ adopted }) => adopted).sort()).toEqual([false, true, true]);
    expect(new Set([first.pid, second.pid, c.pid]).size).toBe(1);
  });

  it('must be gone when stop() is done, with its data kept for the next start', async () => {
    const dataDir = temporaryFolder();
    const server = embedded(dataDir);
    const { connectionString } = await server.start();
    await run(connectionString, 'CREATE TABLE kept AS SELECT 42 AS n');
    const pid = server.pid ?? 0;
    await server.stop();
    expect(existsSync(`/proc/${pid}/cwd`)).toBe(false);
    expect(await embedded(dataDir).start()).toEqual({ connectionString, adopted: false });
    expect(await one(connectionString, 'SELECT n AS value FROM kept')).toBe(42);
  });
});

describe('a start that cannot succeed', () => {
  it('must not take the pid of a stranger for a server', async () => {
    const { dataDir } = await stopped();
    writeFileSync(path.join(dataDir, 'data', 'postmaster.pid'), `${process.pid}\n`);
    expect(runningServer(dataDir)).toBeUndefined();
    expect(await embedded(dataDir).start()).toMatchObject({ adopted: false });
  });

  it('must say that the data is damaged', async () => {
    const { dataDir } = await stopped();
    rmSync(path.join(dataDir, 'data', 'global'), { recursive: true });
    await expect(embedded(dataDir).start()).rejects.toThrow(
      /^PostgreSQL does not start \(.*global.*\): the data is damaged: restore .* from a backup, or move it away to start with an empty database$/,
    );
  });

  it('must say that a newer PostgreSQL wrote the data', async () => {
    const { dataDir } = await stopped();
    writeFileSync(path.join(dataDir, 'data', 'PG_VERSION'), '99\n');
    await expect(embedded(dataDir).start()).rejects.toThrow(/incompatible.*start the version of Berth that wrote it/);
  });

  it('must say that the password is not the one it was set up with', async () => {
    const { dataDir } = await stopped();
    writeFileSync(path.join(dataDir, 'password'), 'another');
    await expect(embedded(dataDir).start()).rejects.toThrow(/refuses the password in .*restore the previous file/);
  });

  it.runIf(isRoot)('must say that the disk is full', async () => {
    const dataDir = temporaryFolder();
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', dataDir]);
    try {
      await expect(embedded(dataDir).start()).rejects.toThrow(
        /could not be set up \(.*No space left.*\): free some space/i,
      );
      expect(existsSync(path.join(dataDir, 'data'))).toBe(false);
    } finally {
      await promisify(execFile)('umount', [dataDir]);
    }
  });
});

function embedded(dataDir: string, packageDir?: string): EmbeddedPostgres {
  const server = new EmbeddedPostgres({
    dataDir,
    log: (level, message) => void messages.push(`${level} ${message}`),
    ...(packageDir ? { packageDir } : {}),
  });
  started.push(server);
  return server;
}

async function stopped(): Promise<{ dataDir: string }> {
  const dataDir = temporaryFolder();
  const server = embedded(dataDir);
  await server.start();
  await server.stop();
  return { dataDir };
}

function temporaryFolder(mode = 0o755): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-pg-'));
  chmodSync(folder, mode);
  folders.push(folder);
  return folder;
}

function installedPackage(): string {
  const entry = createRequire(import.meta.url).resolve(
    `@embedded-postgres/linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`,
  );
  return path.join(path.dirname(entry), '..');
}

interface OtherProcess {
  child: ChildProcess;
  connectionString: string;
  adopted: boolean;
  pid: number;
}

/** The same class in a process that can be killed: Node strips the types, and finds the sources where imports name their output. */
const OTHER_PROGRAM = `
  import { registerHooks } from 'node:module';
  const sources = ${JSON.stringify(pathToFileURL(path.join(BACKEND, 'src/')).href)};
  registerHooks({
    resolve: (specifier, context, next) => {
      if (!context.parentURL?.endsWith('.ts')) return next(specifier, context);
      return next(specifier.replace(/^#src[/]/, sources).replace(/[.]js$/, '.ts'), context);
    },
  });
  const { EmbeddedPostgres } = await import(${JSON.stringify(pathToFileURL(SOURCE).href)});
  const server = new EmbeddedPostgres({ dataDir: process.argv[1], log: () => undefined });
  process.send({ ...(await server.start()), pid: server.pid });
`;

async function startInAnotherProcess(dataDir: string): Promise<OtherProcess> {
  const flags = ['--experimental-transform-types', '--no-warnings', '--input-type=module'];
  const child = spawn(process.execPath, [...flags, '--eval', OTHER_PROGRAM, dataDir], {
    cwd: BACKEND,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  const [started] = (await once(child, 'message', { signal: endOf(child) })) as [Omit<OtherProcess, 'child'>];
  return { child, ...started };
}

function endOf(child: ChildProcess): AbortSignal {
  const ended = new AbortController();
  child.once('exit', (code) => ended.abort(new Error(`the other process ended with ${code}`)));
  return ended.signal;
}

async function one(connectionString: string, sql: string): Promise<unknown> {
  return (await run(connectionString, sql)).rows[0]?.value;
}

async function run(connectionString: string, sql: string): Promise<pg.QueryResult<{ value: unknown }>> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await client.query<{ value: unknown }>(sql);
  } finally {
    await client.end();
  }
}

/** The listening TCP sockets of a process. */
function tcpPorts(pid = 0): string[] {
  const inodes = readdirSync(`/proc/${pid}/fd`).map(
    (fd) => /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1],
  );
  const tables = ['tcp', 'tcp6'].map((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8'));
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .filter((line) => line && inodes.includes(line.trim().split(/\s+/)[9]))
    .map((line) => line.trim());
}
