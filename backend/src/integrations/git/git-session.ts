import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GitError as GitCommandError, type SimpleGit, simpleGit, type SimpleGitOptions } from 'simple-git';
import type { GitEgressProxy } from './git-egress-proxy.js';
import { GitError } from './git-error.js';
import { gitFailure } from './git-failure.js';
import { type GitRevision, type GitSource, secretsOf, TOKEN_USER } from './git-source.js';
import type { GitUrl } from './git-url.js';
import { LOW_SPEED_BYTES_PER_SECOND, LOW_SPEED_SECONDS } from './low-speed.js';
import { ASKPASS, LAUNCHER, SSH } from './session-scripts.js';
import { type OnLine, TerminalLines } from './terminal-lines.js';

/** The user that git runs as; undefined: the user of this process. */
export type GitUser = { uid: number; gid: number } | undefined;

/** How many prompts are answered: the repository's and those of its submodules. */
const MAX_PROMPTS = 64;
/** simple-git keeps what git prints in memory. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_LINES = 40;

/** simple-git refuses these unless they are allowed. Every one has a constant value here; none comes from a user. */
const CONSTANT_OPTIONS: SimpleGitOptions['unsafe'] = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeCustomBinary: true, // the launcher's directory may hold a space
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeTemplateDir: true,
};

export interface SessionFiles {
  /** Directory of this clone only: scripts, key and tree. */
  dir: string;
  /** File of known host keys. */
  knownHosts: string;
  user: GitUser;
  searchPath: string;
  caFile: string | undefined;
}

type Protocol = GitUrl['protocol'];

export interface RunOptions {
  cwd: string;
  /** The allowed transports; default: the repository's own. */
  protocols?: Protocol[];
  onLine?: OnLine;
  signal: AbortSignal;
}

/** Git processes of one clone, isolated from the configuration of the machine and of other users. */
export class GitSession {
  private readonly secrets: string[];
  private readonly home: string;

  private constructor(
    private readonly source: GitSource,
    private readonly files: SessionFiles,
    private readonly proxy: GitEgressProxy,
  ) {
    this.home = path.join(files.dir, 'home');
    this.secrets = secretsOf(source.auth);
  }

  /** `sshAddress`: the checked address that ssh connects to. */
  static async open(
    source: GitSource,
    files: SessionFiles,
    proxy: GitEgressProxy,
    sshAddress: string | undefined,
  ): Promise<GitSession> {
    const session = new GitSession(source, files, proxy);
    await session.prepare(sshAddress);
    return session;
  }

  /** Removes the key and the scripts, which are needed only while git runs. */
  async close(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  /**
   * Throws the reason of the signal when that is aborted; otherwise simple-git's GitError, whose message is git's own.
   */
  async run<T>(options: RunOptions, commands: (git: SimpleGit) => PromiseLike<T>): Promise<T> {
    const overflow = new AbortController();
    const signal = AbortSignal.any([options.signal, overflow.signal]);
    try {
      const result = await commands(this.client(options, signal, overflow));
      signal.throwIfAborted();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }

  /** The output of a local command; undefined when it fails. */
  async query(
    cwd: string,
    signal: AbortSignal,
    command: (git: SimpleGit) => PromiseLike<string>,
  ): Promise<string | undefined> {
    try {
      return await this.run({ cwd, signal }, command);
    } catch (error) {
      if (error instanceof GitCommandError) return undefined;
      throw error;
    }
  }

  /** The failed connection of the last `run`, of which git itself knows only that the proxy refused. */
  takeConnectionFailure(): GitError | undefined {
    const { failure } = this.proxy;
    this.proxy.failure = undefined;
    return failure;
  }

  /** The error of a failed `run` for the user: git's message translated, any other error unchanged. */
  failure(error: unknown, what: string, revision?: GitRevision): unknown {
    return error instanceof GitCommandError ? gitFailure(this.clean(error.message), what, revision) : error;
  }

  /** Removes credentials and host paths from a text that users read. */
  private clean(text: string): string {
    const masked = this.secrets.reduce((result, secret) => result.replaceAll(secret, '***'), text);
    return masked
      .replaceAll(this.files.dir, '')
      .replace(/^(fatal|error|remote): /gm, '')
      .trim();
  }

  private client(
    { cwd, protocols = [this.source.url.protocol], onLine = () => undefined }: RunOptions,
    signal: AbortSignal,
    overflow: AbortController,
  ): SimpleGit {
    const environment = this.environment(protocols);
    const lines = new TerminalLines((line, isFinal) => onLine(this.clean(line), isFinal));
    const meter = outputMeter(overflow);
    return simpleGit({
      baseDir: cwd,
      binary: path.join(this.home, 'git'),
      abort: signal,
      config: this.settings(protocols),
      input: () => this.credentials(),
      errors: commandError,
      completion: { onExit: false }, // wait for all output
      allowEnvironment: Object.keys(environment),
      unsafe: CONSTANT_OPTIONS,
      ...(this.files.user && { spawnOptions: this.files.user }),
    })
      .env(environment)
      .outputHandler((_command, stdout, stderr) => {
        stdout.on('data', meter);
        stderr.on('data', meter);
        stderr.on('data', (chunk: Buffer) => lines.push(chunk));
        stderr.on('end', () => lines.end());
      });
  }

  private credentials(): string {
    const { auth } = this.source;
    if (!auth || !('token' in auth)) return '\n'; // simple-git leaves stdin open when there is nothing to write
    return `${auth.username ?? TOKEN_USER}\n${auth.token}\n`.repeat(MAX_PROMPTS);
  }

  private settings(protocols: Protocol[]): string[] {
    const { caFile } = this.files;
    return [
      'protocol.allow=never',
      ...protocols.map((protocol) => `protocol.${protocol}.allow=always`),
      'protocol.version=2',
      'core.hooksPath=/dev/null',
      'core.fsmonitor=false',
      'credential.helper=',
      'http.followRedirects=true',
      // The egress proxy requires a password: sent at once, it saves a second connection.
      'http.proxyAuthMethod=basic',
      `http.lowSpeedLimit=${LOW_SPEED_BYTES_PER_SECOND}`,
      `http.lowSpeedTime=${LOW_SPEED_SECONDS}`,
      'submodule.recurse=false',
      'fetch.unpackLimit=1',
      'gc.auto=0',
      'maintenance.auto=false',
      'advice.detachedHead=false',
      'core.autocrlf=false',
      ...(caFile ? [`http.sslCAInfo=${caFile}`] : []),
    ];
  }

  private environment(protocols: Protocol[]): Record<string, string> {
    const { url } = this.source;
    const host = url.host.includes(':') ? `[${url.host}]` : url.host;
    return {
      PATH: this.files.searchPath,
      HOME: this.home,
      XDG_CONFIG_HOME: this.home,
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ALLOW_PROTOCOL: protocols.join(':'),
      GIT_ASKPASS: path.join(this.home, 'askpass'),
      BERTH_GIT_HOST: url.port === 443 ? host : `${host}:${url.port}`,
      GIT_SSH: path.join(this.home, 'ssh'),
      GIT_SSH_VARIANT: 'ssh',
      BERTH_SSH_CONFIG: path.join(this.home, 'ssh_config'),
      https_proxy: this.proxy.url,
    };
  }

  private async prepare(sshAddress: string | undefined): Promise<void> {
    const { auth } = this.source;
    await rm(this.home, { recursive: true, force: true });
    await mkdir(this.home, { recursive: true, mode: 0o700 });
    await this.give(this.home);
    await this.write('git', LAUNCHER, 0o700);
    await this.write('askpass', ASKPASS, 0o700);
    if (sshAddress === undefined) return;
    await this.write('ssh', SSH, 0o700);
    await this.write('ssh_config', this.sshConfig(sshAddress), 0o600);
    if (auth && 'sshKey' in auth) await this.write('key', auth.sshKey, 0o600);
  }

  private sshConfig(address: string): string {
    const { host, port } = this.source.url;
    const quoted = (file: string) => `"${file.replaceAll('%', '%%')}"`;
    return `Host *
  HostName ${address}
  HostKeyAlias ${port === 22 ? host : `[${host}]:${port}`}
  IdentityFile ${quoted(path.join(this.home, 'key'))}
  IdentitiesOnly yes
  IdentityAgent none
  PreferredAuthentications publickey
  BatchMode yes
  UserKnownHostsFile ${quoted(this.files.knownHosts)}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking accept-new
  UpdateHostKeys no
  ConnectTimeout 10
  ServerAliveInterval 5
  ServerAliveCountMax 3
  ForwardAgent no
  ControlMaster no
  LogLevel ERROR
`;
  }

  private async write(name: string, content: string, mode: number): Promise<void> {
    const file = path.join(this.home, name);
    await writeFile(file, content, { mode });
    await chmod(file, mode);
    await this.give(file);
  }

  private async give(file: string): Promise<void> {
    const { user } = this.files;
    if (user) await chown(file, user.uid, user.gid);
  }
}

/** Aborts when git prints more than fits into memory. */
function outputMeter(overflow: AbortController): (chunk: Buffer) => void {
  let bytes = 0;
  return ({ length }) => {
    bytes += length;
    if (bytes > MAX_OUTPUT_BYTES) overflow.abort(new GitError('too-large', 'git printed more than 64 MiB.'));
  };
}

/** Every exit code but 0 is a failure, with output or without; simple-git's own rule ignores the silent ones. */
function commandError(
  error: Buffer | Error | undefined,
  { exitCode, stdErr }: { exitCode: number; stdErr: Buffer[] },
): Buffer | Error | undefined {
  if (exitCode === 0 || (error instanceof Error && !(error instanceof GitCommandError))) return error;
  const lines: string[] = [];
  const collector = new TerminalLines((line, isFinal) => isFinal && lines.push(line));
  for (const chunk of stdErr) collector.push(chunk);
  collector.end();
  return new GitCommandError(undefined, lines.slice(-MAX_ERROR_LINES).join('\n') || `git exited with ${exitCode}`);
}
