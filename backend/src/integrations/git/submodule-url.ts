import { type GitUrl, parseStoredGitUrl } from './git-url.js';

/** Other names of ssh servers, for networks that block port 22, and of Azure DevOps. */
const HTTPS_HOSTS: Record<string, string> = {
  'ssh.github.com': 'github.com',
  'altssh.bitbucket.org': 'bitbucket.org',
  'altssh.gitlab.com': 'gitlab.com',
  'ssh.dev.azure.com': 'dev.azure.com',
};
const AZURE_SSH_PATH = /^\/v3\/([^/]+)\/([^/]+)\/([^/]+)$/;
/** Transports that are not used: the same repository is fetched by https. */
const UNENCRYPTED = /^(?:http|git):\/\/([^/:@]+)(?::\d+)?\//i;

export type SubmoduleUrls = { ok: true; urls: GitUrl[] } | { ok: false; problem: string };

/**
 * The URLs to try for a submodule, in this order. What is on the host of the repository (`root`) is fetched with its
 * credentials, whichever form .gitmodules has: by https with a token, by ssh with a key. Other hosts are fetched by https,
 * without credentials. `parent` is the repository that a relative URL begins at. A problem follows "its address".
 */
export function submoduleUrls(text: string, parent: GitUrl, root: GitUrl): SubmoduleUrls {
  const absolute = /^\.{1,2}\//.test(text) ? resolved(parent.url, text) : text.replace(UNENCRYPTED, 'https://$1/');
  const parsed = absolute === undefined ? undefined : parseStoredGitUrl(absolute);
  if (!parsed) return { ok: false, problem: 'leads above the host' };
  if (!parsed.ok) return { ok: false, problem: parsed.problem };
  const urls = [...candidates(parsed.value, root)].flatMap((url) => {
    const candidate = parseStoredGitUrl(url);
    return candidate.ok ? [candidate.value] : [];
  });
  return urls.length > 0 ? { ok: true, urls } : { ok: false, problem: 'has no form for https' };
}

/** Whether the credentials of the repository are used for this URL. */
export function isOfRoot(url: GitUrl, root: GitUrl): boolean {
  return url.protocol === root.protocol && url.host === root.host && url.port === root.port;
}

function candidates(url: GitUrl, root: GitUrl): string[] {
  const { host, path, user } = partsOf(url);
  const isHttps = url.protocol === 'https';
  const asHttps = isHttps ? url.url : `https://${bracketed(host)}${path}`;
  if (host !== root.host && host !== HTTPS_HOSTS[root.host]) return [asHttps];
  if (root.protocol === 'https') {
    // Another https server of the host is another one.
    const isOther = isHttps && url.port !== root.port;
    return [isOther ? asHttps : `https://${bracketed(host)}${portOf(root, 443)}${path}`];
  }
  if (isHttps) return [sshUrl(root, partsOf(root).user, path), asHttps];
  return [root.port === 22 ? url.url : sshUrl(root, user, path)];
}

function sshUrl(root: GitUrl, user: string, path: string): string {
  return `ssh://${user}@${bracketed(root.host)}${portOf(root, 22)}${path}`;
}

/** The path begins with a slash; `git@host:owner/name` and `ssh://git@host/owner/name` are the same on every forge. */
function partsOf({ protocol, host, url }: GitUrl): { host: string; path: string; user: string } {
  if (protocol === 'https') return { host, path: new URL(url).pathname, user: 'git' };
  const isUrl = url.startsWith('ssh://');
  const user = url.slice(isUrl ? 'ssh://'.length : 0, url.indexOf('@'));
  const rest = isUrl ? new URL(url).pathname : url.slice(url.indexOf(':', url.lastIndexOf(']') + 1) + 1);
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  const httpsHost = HTTPS_HOSTS[host] ?? host;
  return { host: httpsHost, path: path.replace(AZURE_SSH_PATH, '/$1/$2/_git/$3'), user };
}

/** As git resolves it: `..` removes the last name, which ends at a slash or at the colon of `git@host:name`. */
function resolved(base: string, relative: string): string | undefined {
  let start = base.replace(/\/$/, '');
  let rest = relative;
  let separator = '/';
  while (/^\.{1,2}\//.test(rest)) {
    const isParent = rest.startsWith('../');
    rest = rest.slice(isParent ? 3 : 2);
    if (!isParent) continue;
    const at = Math.max(start.lastIndexOf('/'), start.lastIndexOf(':'));
    if (at < 0 || start.slice(0, at).endsWith('/') || /^[a-z]+$/i.test(start.slice(0, at))) return undefined;
    separator = start[at] ?? '/';
    start = start.slice(0, at);
  }
  return rest === '' ? undefined : `${start}${separator}${rest}`;
}

function portOf({ port }: GitUrl, usual: number): string {
  return port === usual ? '' : `:${port}`;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
