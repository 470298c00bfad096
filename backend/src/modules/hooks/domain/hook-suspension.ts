import type { UserAccess } from '#src/generated/prisma/client.js';

/** What a hook's right to deploy depends on: the key that made it, and the owner of its environment. */
export interface HookMakers {
  key: { revokedAt: Date | null; expiresAt: Date | null } | null;
  environment: { user: { access: UserAccess } };
}

/** Returns why the hook accepts no deliveries, null if it does: it may do no more than those who made it. */
export function suspensionOf({ key, environment }: HookMakers, now: Date): string | null {
  if (environment.user.access === 'REMOVED') return 'The user whose environment this hook deploys to was removed.';
  if (key?.revokedAt) return 'The API key that made this hook is revoked.';
  if (key?.expiresAt && key.expiresAt <= now) return 'The API key that made this hook has expired.';
  return null;
}
