import type { GitUrl } from './git-url.js';

export type GitAuth = { username?: string | undefined; token: string } | { sshKey: string };

/** A repository and how to get in. In memory only. */
export interface GitSource {
  url: GitUrl;
  auth: GitAuth | undefined;
}

/** What is wanted of it. */
export interface GitWish {
  /** a branch or a tag; undefined: the remote's default branch */
  ref: string | undefined;
  /** exactly this one */
  commit: string | undefined;
}

export interface FetchedCommit {
  sha: string;
  committedAt: Date;
  /** the branch or tag; undefined where only a commit was asked for */
  ref: string | undefined;
}

export interface FetchProgress {
  message: string;
  /** percent */
  current: number;
}

/** GitHub, GitLab and others take any name beside a token. */
export const TOKEN_USER = 'x-access-token';

/** What must not be printed, in every form in which git or a server may repeat it. */
export function secretsOf(auth: GitAuth | undefined): string[] {
  if (!auth || !('token' in auth)) return [];
  const { username = TOKEN_USER, token } = auth;
  const basic = Buffer.from(`${username}:${token}`).toString('base64');
  return [...new Set([token, encodeURIComponent(token), basic])].filter((secret) => secret.length >= 4);
}
