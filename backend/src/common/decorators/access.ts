import { SetMetadata } from '@nestjs/common';

/** Scopes of an API key. ADMIN implies all of them and gives access to every user's resources. */
export const SCOPES = [
  'ENVIRONMENTS_READ',
  'ENVIRONMENTS_WRITE',
  'DEPLOYMENTS_READ',
  'DEPLOYMENTS_WRITE',
  'LOGS_READ',
  'ADMIN',
] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Access rule of a route. A route without one of these decorators is refused, so that no route is public by mistake.
 */
export type Access = { kind: 'public' } | { kind: 'any-key' } | { kind: 'scopes'; scopes: Scope[] };
export const ACCESS = 'berth:access';

export const Public = () => SetMetadata(ACCESS, { kind: 'public' } satisfies Access);
export const AnyKey = () => SetMetadata(ACCESS, { kind: 'any-key' } satisfies Access);
export const RequireScopes = (...scopes: Scope[]) => SetMetadata(ACCESS, { kind: 'scopes', scopes } satisfies Access);
