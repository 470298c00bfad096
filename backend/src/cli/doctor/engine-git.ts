import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '#src/config/config.js';
import type { Finding } from './finding.js';

const PID_FILE = '/var/run/docker.pid';

/** Warns of an engine on this machine that would run git as root for `ADD` of a repository in a Dockerfile. */
export function engineGit(config: Config): Promise<Finding[]> {
  return Promise.resolve(gitFinding(searchPathOfEngine(), path.join(config.data.dir, 'engine-path')));
}

/** `ours` is the folder whose `git` refuses to run. Nothing is said of an engine that cannot be looked into. */
export function gitFinding(searchPath: string | undefined, ours: string): Finding[] {
  const folder = searchPath?.split(':').find((entry) => entry !== '' && existsSync(path.join(entry, 'git')));
  if (folder === undefined) return [];
  const what = 'git of the engine';
  if (folder === ours) return [{ what, state: 'ok', found: 'switched off for builds' }];
  return [
    {
      what,
      state: 'warn',
      found: `the engine finds git in ${folder} and would run it as root for a build`,
      advice: 'Berth refuses ADD of Git repositories. To be sure, start dockerd with a PATH that has no git.',
    },
  ];
}

/** Only root can read it. */
function searchPathOfEngine(): string | undefined {
  try {
    const environment = readFileSync(`/proc/${Number(readFileSync(PID_FILE, 'utf8'))}/environ`, 'utf8');
    return environment
      .split('\0')
      .find((entry) => entry.startsWith('PATH='))
      ?.slice('PATH='.length);
  } catch {
    return undefined;
  }
}
