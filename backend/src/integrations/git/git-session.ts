import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type GitOutcome, runGit } from './git-process.js';
import type { GitGateway } from './git-gateway.js';
import { type GitSource, secretsOf, TOKEN_USER } from './git-source.js';

/** Who git runs as; undefined: as we do. */
export type GitUser = { uid: number; gid: number } | undefined;

/** As often as git may ask: the main repository and its submodules. */
const ANSWERS = 64;

/** Gives the credentials to the host that they are for, and to nobody whom it redirects to. */
const ASKPASS = `#!/bin/sh
case "$1" in *"://$BERTH_GIT_HOST'"* | *"@$BERTH_GIT_HOST'"*) ;; *) exit 1 ;; esac
IFS= read -r answer <&3 && printf '%s\\n' "$answer"
`;
const SSH = `#!/bin/sh
exec ssh -F "$BERTH_SSH_CONFIG" "$@"
`;

export interface SessionFiles {
  /** a directory of this clone alone: helpers, key; and the tree */
  dir: string;
  /** where hosts' keys are remembered */
  knownHosts: string;
  user: GitUser;
  searchPath: string;
  caFile: string | undefined;
}

interface RunOptions {
  onLine?: (line: string, final: boolean) => void;
  signal: AbortSignal;
}

/** One clone: everything that its git processes are told, and nothing of the machine's or anybody else's configuration. */
export class GitSession {
  private readonly secrets: string[];
  private readonly home: string;

  private constructor(
    private readonly source: GitSource,
    private readonly files: SessionFiles,
    private readonly gateway: GitGateway,
  ) {
    this.home = path.join(files.dir, 'home');
    this.secrets = secretsOf(source.auth);
  }

  /** `sshAddress`: where ssh connects, as it was checked. */
  static async open(
    source: GitSource,
    files: SessionFiles,
    gateway: GitGateway,
    sshAddress: string | undefined,
  ): Promise<GitSession> {
    const session = new GitSession(source, files, gateway);
    await session.prepare(sshAddress);
    return session;
  }

  /** Key and helpers go as soon as git has what it needs. */
  async close(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  run(args: string[], cwd: string, options: RunOptions): Promise<GitOutcome> {
    return this.start(args, cwd, this.source.url.protocol, options);
  }

  /** Over HTTPS only, whatever the repository itself came by. */
  runForSubmodules(args: string[], cwd: string, options: RunOptions): Promise<GitOutcome> {
    return this.start(args, cwd, 'https', options);
  }

  /** What a user reads: without credentials and without paths of ours. */
  clean(text: string): string {
    const masked = this.secrets.reduce((result, secret) => result.replaceAll(secret, '***'), text);
    return masked
      .replaceAll(this.files.dir, '')
      .replace(/^(fatal|error|remote): /gm, '')
      .trim();
  }

  private start(
    args: string[],
    cwd: string,
    protocol: 'https' | 'ssh',
    { onLine = () => undefined, signal }: RunOptions,
  ): Promise<GitOutcome> {
    const { auth } = this.source;
    const secret = auth && 'token' in auth ? `${auth.username ?? TOKEN_USER}\n${auth.token}\n`.repeat(ANSWERS) : '';
    return runGit({
      args: [...this.settings(protocol), ...args],
      cwd,
      env: this.environment(protocol),
      user: this.files.user,
      secret,
      onLine: (line, final) => onLine(this.clean(line), final),
      signal,
    });
  }

  private settings(protocol: 'https' | 'ssh'): string[] {
    const { caFile } = this.files;
    return [
      'protocol.allow=never',
      `protocol.${protocol}.allow=always`,
      'protocol.version=2',
      'core.hooksPath=/dev/null',
      'core.fsmonitor=false',
      'credential.helper=',
      'http.followRedirects=true',
      // Our gateway wants a password: asked for at once, it costs no second connection.
      'http.proxyAuthMethod=basic',
      'submodule.recurse=false',
      'fetch.unpackLimit=1',
      'gc.auto=0',
      'maintenance.auto=false',
      'advice.detachedHead=false',
      'core.autocrlf=false',
      ...(caFile ? [`http.sslCAInfo=${caFile}`] : []),
    ].flatMap((setting) => ['-c', setting]);
  }

  private environment(protocol: 'https' | 'ssh'): Record<string, string> {
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
      GIT_ALLOW_PROTOCOL: protocol,
      GIT_ASKPASS: path.join(this.home, 'askpass'),
      BERTH_GIT_HOST: url.port === 443 ? host : `${host}:${url.port}`,
      GIT_SSH: path.join(this.home, 'ssh'),
      GIT_SSH_VARIANT: 'ssh',
      BERTH_SSH_CONFIG: path.join(this.home, 'ssh_config'),
      https_proxy: this.gateway.url,
    };
  }

  private async prepare(sshAddress: string | undefined): Promise<void> {
    const { auth } = this.source;
    await rm(this.home, { recursive: true, force: true });
    await mkdir(this.home, { recursive: true, mode: 0o700 });
    await this.give(this.home);
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
