import { problemOfAddress } from './git-address-advice.js';
import { problemOfPage } from './git-page-advice.js';

/** Parsed URL of a repository. git receives only the URL that this parser assembles. */
export interface GitUrl {
  protocol: 'https' | 'ssh';
  /** Lower-case host; an IPv6 address without brackets. */
  host: string;
  port: number;
  /** Normalised URL without credentials, for git and for responses. */
  url: string;
}

/** `username`: the user name before the host of an https URL, as the buttons of Bitbucket and Azure DevOps copy it. */
export type ParsedGitUrl = { ok: true; value: GitUrl; username?: string } | { ok: false; problem: string };

const MAX_LENGTH = 2048;
const MAX_USERNAME_LENGTH = 256;
const HTTPS_PATH = /^(?:\/(?:[A-Za-z0-9._~+@,=!$()*:-]|%[2-9A-Fa-f][0-9A-Fa-f])+)+\/?$/;
const SSH_PATH = /^\/?(?:[A-Za-z0-9._~+@=/-]|%[2-9A-Fa-f][0-9A-Fa-f])+$/;
/** git decodes the path of an ssh:// URL, and the server's shell parses it. */
// eslint-disable-next-line no-control-regex -- control characters are what it refuses
const UNSAFE_FOR_SHELL = /[\u0000-\u001f\u007f"$&'();<>\\`|!*?[\]{}#%]/;
const SSH_USER = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;
/** The patterns exclude a user and a host that ssh would parse as an option. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$|^\[[0-9a-f:.]+\]$/;
const SCP_LIKE = /^([^@/:]+)@([^/:]+|\[[^\]]+\]):(?!\/\/)(.+)$/;
const CLONE_COMMAND = /^git clone (?=\S+$)/;
/** Tokens of GitHub, GitLab, Bitbucket and Azure DevOps in the place of a user name. */
const TOKEN =
  /^(?:gh[opsru]_\w{20}|github_pat_|gl(?:pat|dt|rt|cbt|ptt|ft|oas|soat)-|AT(?:BB|CTT)\w{10}|[a-z2-7]{52}$|[A-Za-z0-9]{84}$|[0-9a-f]{40}$)/;

/**
 * Parses what a client sends: `https://host/path`, `ssh://user@host/path` or `user@host:path`, with blanks around it and
 * after `git clone`, as people paste it. A refusal has a reason that follows the name "gitUrl" and says what to send
 * instead; it never repeats a secret.
 */
export function parseGitUrl(given: string): ParsedGitUrl {
  if (given.length > MAX_LENGTH) return refused(`must be at most ${MAX_LENGTH} characters`);
  return parse(given.trim().replace(CLONE_COMMAND, ''), problemOfPage);
}

/** Parses the URL of a stored deployment. Its address was accepted, and may look like a page of another forge. */
export function parseStoredGitUrl(url: string): ParsedGitUrl {
  return parse(url, () => undefined);
}

function parse(text: string, check: (url: URL) => string | undefined): ParsedGitUrl {
  const problem = problemOfAddress(text);
  if (problem !== undefined) return refused(problem);
  const scp = SCP_LIKE.exec(text);
  if (scp) return ssh({ user: scp[1], host: scp[2] ?? '', port: undefined, path: scp[3] ?? '', isScpLike: true });
  if (!URL.canParse(text)) return refused('must be a valid URL, as https://host/owner/repository');
  const url = new URL(text);
  const refusal = problemOfCredentials(url) ?? check(url);
  if (refusal !== undefined) return refused(refusal);
  if (url.search || url.hash) return refused('must hold no ? and no #');
  return url.protocol === 'https:' ? https(url) : sshUrl(url);
}

function problemOfCredentials({ protocol, username, password }: URL): string | undefined {
  if (protocol === 'ssh:') return password ? 'must not hold credentials: give a key in gitAuth.sshKey' : undefined;
  if (password) return 'must not hold credentials: give them in gitAuth';
  return TOKEN.test(username) ? 'must not hold a token: give it in gitAuth.token' : undefined;
}

function https({ hostname, port, pathname, username }: URL): ParsedGitUrl {
  const user = decoded(username);
  // eslint-disable-next-line no-control-regex -- control characters are what it refuses
  if (user === undefined || user.length > MAX_USERNAME_LENGTH || /[\u0000-\u001f\u007f]/.test(user))
    return refused('must name a valid user before the @');
  if (!HOST.test(hostname)) return refused('must name a valid host');
  if (!HTTPS_PATH.test(pathname)) return refused('must name a repository, as https://host/owner/repository');
  const number = port ? Number(port) : 443;
  const url = `https://${hostname}${port ? `:${port}` : ''}${pathname.replace(/\/$/, '')}`;
  const value = { protocol: 'https', host: bare(hostname), port: number, url } as const;
  return user === '' ? { ok: true, value } : { ok: true, value, username: user };
}

function sshUrl({ hostname, port, pathname, username }: URL): ParsedGitUrl {
  return ssh({
    user: username,
    host: hostname,
    port: port ? Number(port) : undefined,
    path: pathname,
    isScpLike: false,
  });
}

interface SshParts {
  user: string | undefined;
  host: string;
  port: number | undefined;
  path: string;
  isScpLike: boolean;
}

function ssh({ path: given, isScpLike, port = 22, ...parts }: SshParts): ParsedGitUrl {
  const host = parts.host.toLowerCase();
  const user = parts.user || 'git';
  const path = given.replace(/\/$/, '');
  if (!HOST.test(host)) return refused('must name a valid host');
  if (!SSH_USER.test(user)) return refused('must name a valid user');
  if (!isSshPath(path, isScpLike)) {
    return refused('must name a repository, as ssh://git@host/owner/repository or git@host:owner/repository');
  }
  // The path of the scp-like form is relative to the home directory, unlike that of an ssh:// URL.
  const url = isScpLike ? `${user}@${host}:${path}` : `ssh://${user}@${host}${port === 22 ? '' : `:${port}`}${path}`;
  return { ok: true, value: { protocol: 'ssh', host: bare(host), port, url } };
}

/** The scp-like form reaches the server as it is, so that a `%20` stays one, which Azure DevOps expects. */
function isSshPath(path: string, isScpLike: boolean): boolean {
  const sent = isScpLike ? path.replaceAll('%', '') : decoded(path);
  if (sent === undefined || !SSH_PATH.test(path) || UNSAFE_FOR_SHELL.test(sent)) return false;
  return !/(?:^|\/)\.\.?(?:\/|$)|^-|^\/+$/.test(sent);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function refused(problem: string): ParsedGitUrl {
  return { ok: false, problem };
}
