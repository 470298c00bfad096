import type { GitUrl } from './git-url.js';

export type GitAuth = { username?: string | undefined; token: string } | { sshKey: string };

/** A repository and its credentials. In memory only. */
export interface GitSource {
  url: GitUrl;
  auth: GitAuth | undefined;
}

/** The revision that is asked for. */
export interface GitRevision {
  /** a branch or a tag; undefined: the default branch of the remote */
  ref: string | undefined;
  /** exactly this commit, whatever the ref means */
  commit: string | undefined;
}

export interface FetchedCommit {
  sha: string;
  committedAt: Date;
  /** the branch or tag; undefined when only a commit was asked for */
  ref: string | undefined;
}

export interface FetchProgress {
  message: string;
  /** percent */
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
