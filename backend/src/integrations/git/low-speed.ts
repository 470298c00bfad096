import { GitError } from './git-error.js';

/** A transfer below this speed for this time is aborted: it would not finish within any timeout. */
export const LOW_SPEED_BYTES_PER_SECOND = 40;
export const LOW_SPEED_SECONDS = 15;

export function lowSpeedError(host: string): GitError {
  const bytes = LOW_SPEED_BYTES_PER_SECOND * LOW_SPEED_SECONDS;
  return new GitError('timeout', `${host} sent less than ${bytes} bytes in ${LOW_SPEED_SECONDS} s.`);
}
