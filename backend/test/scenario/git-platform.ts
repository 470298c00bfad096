import { GitServer } from '../testbed/git-server.js';
import type { ApiClient } from './api-client.js';
import { Platform } from './platform.js';

/** A platform that may clone from this machine, and git servers on it. */
export interface GitPlatform {
  git: GitServer;
  platform: Platform;
  client: ApiClient;
  stop(): Promise<void>;
}

export async function startGitPlatform(env: Record<string, string> = {}): Promise<GitPlatform> {
  const git = await new GitServer().start();
  try {
    const platform = await new Platform({
      GIT_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
      GIT_CA_FILE: git.caFile,
      BUILD_MIN_FREE_DISK_MB: '1',
      ...env,
    }).start();
    const client = await platform.client();
    return {
      git,
      platform,
      client,
      stop: async () => {
        await platform.stop();
        git.stop();
      },
    };
  } catch (error) {
    git.stop();
    throw error;
  }
}
