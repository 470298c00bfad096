import type { RunStatus } from '#src/generated/prisma/client.js';

export const RUN_STATUSES: RunStatus[] = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED'];
export const UNFINISHED_STATUSES: RunStatus[] = ['PENDING', 'RUNNING'];

export function isFinished(status: RunStatus): boolean {
  return !UNFINISHED_STATUSES.includes(status);
}
