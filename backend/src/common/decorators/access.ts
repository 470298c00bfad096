import { SetMetadata } from '@nestjs/common';

/** What a key may do. ADMIN implies all of them and sees every user's resources. */
export const SCOPES = [
  'ENVIRONMENTS_READ',
  'ENVIRONMENTS_WRITE',
  'DEPLOYMENTS_READ',
  'DEPLOYMENTS_WRITE',
  'LOGS_READ',
  'ADMIN',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Who may call a route. A route without one of these decorators is refused: nothing is public by oversight. */
export type Access = { kind: 'public' } | { kind: 'any-key' } | { kind: 'scopes'; scopes: Scope[] };
export const ACCESS = 'berth:access';

export const Public = () => SetMetadata(ACCESS, { kind: 'public' } satisfies Access);
export const AnyKey = () => SetMetadata(ACCESS, { kind: 'any-key' } satisfies Access);
export const RequireScopes = (...scopes: Scope[]) => SetMetadata(ACCESS, { kind: 'scopes', scopes } satisfies Access);
