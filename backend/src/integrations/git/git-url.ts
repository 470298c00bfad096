/** Parsed URL of a repository. git receives only the URL that this parser assembles. */
export interface GitUrl {
  protocol: 'https' | 'ssh';
  /** Lower-case host; an IPv6 address without brackets. */
  host: string;
  port: number;
  /** Normalised URL without credentials, for git and for responses. */
  url: string;
}

export type ParsedGitUrl = { ok: true; value: GitUrl } | { ok: false; problem: string };

const MAX_LENGTH = 2048;
const HTTPS_PATH = /^(?:\/(?:[A-Za-z0-9._~+@,=!$()*:-]|%[2-9A-Fa-f][0-9A-Fa-f])+)+\/?$/;
const SSH_PATH = /^\/?[A-Za-z0-9._~+@=/-]+$/;
const SSH_USER = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;
/** The patterns exclude a user and a host that ssh would parse as an option. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$|^\[[0-9a-f:.]+\]$/;
const SCP_LIKE = /^([^@/:]+)@([^/:]+|\[[^\]]+\]):(?!\/\/)(.+)$/;

/**
 * Parses `https://host/path`, `ssh://user@host/path` or `user@host:path`. A refusal has a reason that follows the name
 * "gitUrl".
 */
export function parseGitUrl(text: string): ParsedGitUrl {
  if (text.length > MAX_LENGTH) return refused(`must be at most ${MAX_LENGTH} characters`);
  const scp = SCP_LIKE.exec(text);
  if (scp) return ssh({ user: scp[1], host: scp[2] ?? '', port: undefined, path: scp[3] ?? '', isScpLike: true });
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== 'https' && scheme !== 'ssh') {
    return refused('must be https://… or, with a key, ssh://… or user@host:path; no other transport is allowed');
  }
  // The WHATWG parser takes the first part of a path for a missing host.
  if (!/^[a-z]+:\/\/[^/]/i.test(text)) return refused(`must name a host after ${scheme}://`);
  // The WHATWG parser removes backslashes, tabs and newlines instead of refusing them.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(text)) return refused('must be a URL without spaces and special characters');
  if (!URL.canParse(text)) return refused('must be a valid URL');
  const url = new URL(text);
  if (url.search || url.hash) return refused('must hold no ? and no #');
  return scheme === 'https' ? https(url) : sshUrl(url);
}

function https({ hostname, port, pathname, username, password }: URL): ParsedGitUrl {
  if (username || password) return refused('must not hold credentials: give them in gitAuth');
  if (!HOST.test(hostname)) return refused('must name a valid host');
  if (!HTTPS_PATH.test(pathname)) return refused('must name a repository, as https://host/owner/repository');
  const number = port ? Number(port) : 443;
  return {
    ok: true,
    value: {
      protocol: 'https',
      host: bare(hostname),
      port: number,
      url: `https://${hostname}${port ? `:${port}` : ''}${pathname}`,
    },
  };
}

function sshUrl({ hostname, port, pathname, username, password }: URL): ParsedGitUrl {
  if (password) return refused('must not hold credentials: give a key in gitAuth.sshKey');
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

function ssh({ path, isScpLike, port = 22, ...parts }: SshParts): ParsedGitUrl {
  const host = parts.host.toLowerCase();
  const user = parts.user || 'git';
  if (!HOST.test(host)) return refused('must name a valid host');
  if (!SSH_USER.test(user)) return refused('must name a valid user');
  if (!SSH_PATH.test(path) || /(^|\/)\.\.?(\/|$)|^-|^\/+$/.test(path)) {
    return refused('must name a repository, as ssh://git@host/owner/repository');
  }
  // The path of the scp-like form is relative to the home directory, unlike that of an ssh:// URL.
  const url = isScpLike ? `${user}@${host}:${path}` : `ssh://${user}@${host}${port === 22 ? '' : `:${port}`}${path}`;
  return { ok: true, value: { protocol: 'ssh', host: bare(host), port, url } };
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function refused(problem: string): ParsedGitUrl {
  return { ok: false, problem };
}
