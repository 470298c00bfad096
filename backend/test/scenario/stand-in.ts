/** Commands for containers of busybox: a script that ends at once on SIGTERM, so that a removal takes no grace period. */
export function sh(script: string): string[] {
  return ['sh', '-c', `trap 'exit 0' TERM; ${script}`];
}

/** Goes on for a day without forking. */
export const IDLE = 'sleep 86400 & wait';
