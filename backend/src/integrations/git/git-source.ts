import type { GitUrl } from './git-url.js';

export type GitAuth = { username?: string | undefined; token: string } | { sshKey: string };

/** A repository and its credentials, in memory only. */
export interface GitSource {
  url: GitUrl;
  auth: GitAuth | undefined;
}

/** The requested revision. */
export interface GitRevision {
  /** Branch or tag; undefined: the default branch of the remote. */
  ref: string | undefined;
  /** Exactly this commit, whatever the ref points to. */
  commit: string | undefined;
}

export interface FetchedCommit {
  sha: string;
  committedAt: Date;
  /** Branch or tag; undefined if only a commit was requested. */
  ref: string | undefined;
}

export interface FetchProgress {
  message: string;
  /** Percent. */
  current: number;
}

/** GitHub, GitLab and others accept any user name with a token. */
export const TOKEN_USER = 'x-access-token';

/** The strings to mask, in every form in which git or a server may repeat them. */
export function secretsOf(auth: GitAuth | undefined): string[] {
  if (!auth || !('token' in auth)) return [];
  const { username = TOKEN_USER, token } = auth;
  const basic = Buffer.from(`${username}:${token}`).toString('base64');
  return [...new Set([token, encodeURIComponent(token), basic])].filter((secret) => secret.length >= 4);
}
