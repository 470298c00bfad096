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
