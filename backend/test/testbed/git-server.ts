/**
 * Real git servers on loopback, for one test file: smart HTTP (git's own http-backend) under TLS, with a part that wants a password, and
 * an sshd that knows one key. Repositories are bare ones in a directory of its own.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { encodeName } from '#src/modules/uploads/file-name.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { makeServerCertificate } from './test-authority.js';

export const GIT_TOKEN = 'tok3n-that-nobody-must-see';
/** A file's text, or where a symbolic link points to. `\udcfc` in a name is the byte 0xFC. */
export type Files = Record<string, string | Buffer | { link: string }>;

export interface CommitOptions {
  /** or the full name of a ref */
  branch?: string;
  /** nothing of the branch's history stays */
  force?: boolean;
  /** an annotated one */
  tag?: string;
  /** URLs by folder */
  submodules?: Record<string, string>;
}

export class GitServer {
  readonly dir = mkdtempSync(join(tmpdir(), 'berth-git-'));
  private https: Server | undefined;
  private sshd: ChildProcess | undefined;
  private sshPort = 0;
  /** what every request asked for, and with which credentials */
  readonly requests: { path: string; authorization: string }[] = [];
  private held: { arrive: () => void; open: Promise<void> } | undefined;

  async start(): Promise<this> {
    chmodSync(this.dir, 0o755);
    this.makeCertificates();
    const server = createServer(
      { key: this.read('server.key'), cert: this.read('server.pem') },
      (request, response) => void this.serve(request, response),
    );
    this.https = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await this.startSshd();
    return this;
  }

  stop(): void {
    this.https?.closeAllConnections();
    this.https?.close();
    this.sshd?.kill('SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }

  get caFile(): string {
    return join(this.dir, 'ca.pem');
  }

  get key(): { certificate: Buffer; key: Buffer } {
    return { certificate: this.read('server.pem'), key: this.read('server.key') };
  }

  /** A private key that the sshd takes. */
  get sshKey(): string {
    return this.read('deploy').toString();
  }

  /** One that it does not. */
  get strangersKey(): string {
    return this.read('host').toString();
  }

  get port(): number {
    return (this.https?.address() as AddressInfo).port;
  }

  url(name: string): string {
    return `https://127.0.0.1:${this.port}/${name}.git`;
  }

  sshUrl(name: string): string {
    return `ssh://root@127.0.0.1:${this.sshPort}${join(this.dir, 'repositories', `${name}.git`)}`;
  }

  /** The remote's HEAD names this branch, which need not exist. */
  async setHead(name: string, branch: string): Promise<void> {
    const bare = join(this.dir, 'repositories', `${name}.git`);
    await git(bare, 'symbolic-ref', 'HEAD', `refs/heads/${branch}`);
  }

  /** The next transfers wait, once they have begun, until they are let go. */
  hold(): { reached: Promise<void>; release: () => void } {
    let arrive = () => {};
    let release = () => {};
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    const open = new Promise<void>((resolve) => (release = resolve));
    this.held = { arrive, open };
    return {
      reached,
      release: () => {
        this.held = undefined;
        release();
      },
    };
  }

  /** A repository with one commit of these files on `main`; returns the commit. */
  async create(name: string, files: Files, options: CommitOptions = {}): Promise<string> {
    const bare = join(this.dir, 'repositories', `${name}.git`);
    mkdirSync(dirname(bare), { recursive: true });
    await git(this.dir, 'init', '-q', '--bare', '--initial-branch=main', bare);
    return Object.keys(files).length > 0 ? this.commit(name, files, options) : '';
  }

  /** Replaces all files; `force` leaves nothing of the branch's history. */
  async commit(
    name: string,
    files: Files,
    { branch = 'main', force = false, tag = '', submodules = {} }: CommitOptions = {},
  ): Promise<string> {
    const bare = join(this.dir, 'repositories', `${name}.git`);
    const work = mkdtempSync(join(this.dir, 'work-'));
    await git(work, 'init', '-q', '--initial-branch=work');
    if (!force && (await execute(work, ['fetch', '-q', bare, branch])))
      await git(work, 'reset', '-q', '--soft', 'FETCH_HEAD');
    write(work, files);
    await git(work, 'add', '-A', '-f');
    for (const [folder, url] of Object.entries(submodules)) await this.addSubmodule(work, folder, url);
    await git(work, 'commit', '-q', '--allow-empty', '-m', 'a commit');
    if (tag) await git(work, 'tag', '-a', tag, '-m', tag);
    await git(
      work,
      'push',
      '-q',
      '-f',
      bare,
      `HEAD:${branch.startsWith('refs/') ? branch : `refs/heads/${branch}`}`,
      ...(tag ? [tag] : []),
    );
    if (force) await git(bare, 'reflog', 'expire', '--expire=now', '--all');
    if (force) await git(bare, 'gc', '-q', '--prune=now');
    const sha = (await git(work, 'rev-parse', 'HEAD')).trim();
    rmSync(work, { recursive: true, force: true });
    return sha;
  }

  /** What is below /private/ wants the token, as GitHub does: any name beside it. */
  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? '/', 'https://localhost');
    this.requests.push({ path: pathname, authorization: request.headers.authorization ?? '' });
    const moved = /^\/moved\/(.*)$/.exec(pathname)?.[1];
    if (moved !== undefined) {
      response
        .writeHead(302, {
          location: decodeURIComponent(moved.replace(/^([^/]*)/, (host) => `https://${host}`)) + search,
        })
        .end();
      return;
    }
    const password = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':')[1];
    if (pathname.startsWith('/private/') && password !== GIT_TOKEN) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    if (this.held && pathname.endsWith('/git-upload-pack')) {
      this.held.arrive();
      await this.held.open;
    }
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...CLEAN,
        GIT_PROJECT_ROOT: join(this.dir, 'repositories'),
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: decodeURIComponent(pathname),
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method ?? 'GET',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        // Below /old/ a server speaks version 0, which refuses commits that no ref names.
        GIT_PROTOCOL: pathname.startsWith('/old/')
          ? ''
          : ((request.headers['git-protocol'] as string | undefined) ?? ''),
        ...(request.headers['content-encoding'] && { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => undefined);
    response.on('close', () => backend.kill());
    answerCgi(backend.stdout, response);
  }

  /** As `git submodule add` would, without fetching it; the URL may be relative. */
  private async addSubmodule(work: string, folder: string, url: string): Promise<void> {
    const name =
      url
        .split('/')
        .at(-1)
        ?.replace(/\.git$/, '') ?? '';
    const folders = ['', 'private', 'old'].map((parent) => join(this.dir, 'repositories', parent, `${name}.git`));
    const bare = folders.find((path) => existsSync(path)) ?? '';
    appendFileSync(join(work, '.gitmodules'), `[submodule "${folder}"]\n\tpath = ${folder}\n\turl = ${url}\n`);
    await git(work, 'add', '.gitmodules');
    await git(
      work,
      'update-index',
      '--add',
      '--cacheinfo',
      `160000,${(await git(bare, 'rev-parse', 'main')).trim()},${folder}`,
    );
  }

  private makeCertificates(): void {
    makeServerCertificate(this.dir);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.dir, 'deploy')]);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(this.dir, 'host')]);
  }

  private async startSshd(): Promise<void> {
    this.sshPort = await freePort();
    mkdirSync('/run/sshd', { recursive: true });
    const config = join(this.dir, 'sshd_config');
    writeFileSync(
      config,
      `Port ${this.sshPort}
ListenAddress 127.0.0.1
HostKey ${join(this.dir, 'host')}
AuthorizedKeysFile ${join(this.dir, 'deploy.pub')}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
`,
    );
    // It must not outlive the tests, however those end.
    const args = ['--pdeathsig', 'TERM', '/usr/sbin/sshd', '-D', '-e', '-f', config];
    this.sshd = spawn('setpriv', args, { stdio: 'ignore' });
    await eventually(
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect(this.sshPort, '127.0.0.1', () => resolve(void socket.destroy()));
          socket.once('error', reject);
        }),
      10_000,
    );
  }

  private read(name: string): Buffer {
    return readFileSync(join(this.dir, name));
  }
}

/** The tests' own git, without anybody's configuration. */
const CLEAN = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'tester',
  GIT_AUTHOR_EMAIL: 'tester@example.com',
  GIT_COMMITTER_NAME: 'tester',
  GIT_COMMITTER_EMAIL: 'tester@example.com',
};

/** The test's own process answers requests meanwhile. */
async function git(cwd: string, ...args: string[]): Promise<string> {
  const settings = ['-c', 'core.compression=1', '-c', 'protocol.file.allow=always'];
  return (await promisify(execFile)('git', [...settings, ...args], { cwd, env: CLEAN })).stdout;
}

async function execute(cwd: string, args: string[]): Promise<boolean> {
  return git(cwd, ...args).then(
    () => true,
    () => false,
  );
}

function write(root: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = encodeName(join(root, name));
    mkdirSync(encodeName(dirname(join(root, name))), { recursive: true });
    if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, file);
    else writeFileSync(file, content);
  }
}

/** CGI: a header, an empty line, the body. */
function answerCgi(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head: Buffer | undefined = Buffer.alloc(0);
  output.on('data', (chunk: Buffer) => {
    if (head === undefined) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const fields = head
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const);
    const status = Number(fields.find(([name]) => name === 'Status')?.[1].split(' ')[0] ?? 200);
    const rest = head.subarray(end + 4);
    head = undefined;
    response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== 'Status')));
    if (rest.length > 0) response.write(rest);
  });
  output.on('end', () => response.end());
}
