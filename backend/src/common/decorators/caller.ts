import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { DomainError } from '#src/common/errors/domain-error.js';
import type { Scope } from './access.js';
import type { Origin } from './origin.js';

/** Identity and permissions that an API key proves. */
export interface KeyHolder {
  userId: string;
  keyId: string;
  scopes: Scope[];
  isAdmin: boolean;
  expiresAt: Date | null;
  /** The environments that the key is bound to; null: all that the user may access. */
  environmentIds: string[] | null;
}

/** The authenticated client of a request and the request's origin. */
export interface Caller extends KeyHolder {
  origin: Origin;
}

export interface AuthenticatedRequest extends Request {
  id: string;
  caller?: Caller;
}

export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw new Error('CurrentCaller on a route without ApiKeyGuard');
  return caller;
});

/** The where clause that restricts a query to the environments that the key may access; an operator sees all. */
export function ownedBy(caller: Caller): { AND: ({ userId: string } | { id: { in: string[] } })[] } {
  const { isAdmin, userId, environmentIds } = caller;
  return { AND: [...(isAdmin ? [] : [{ userId }]), ...(environmentIds ? [{ id: { in: environmentIds } }] : [])] };
}

/** The same as `ownedBy`, for an environment that is read already. */
export function mayAccess(caller: Caller, { id, userId }: { id: string; userId: string }): boolean {
  return (caller.isAdmin || userId === caller.userId) && (caller.environmentIds?.includes(id) ?? true);
}

/** Throws INSUFFICIENT_SCOPE for a key that is bound to environments: it could not access a new one. */
export function refuseBoundKey({ environmentIds }: Caller): void {
  if (environmentIds === null) return;
  throw new DomainError('INSUFFICIENT_SCOPE', {
    detail: 'This key is bound to environments and creates none.',
    hint: 'Use a key that is not bound to environments and has this scope.',
    required: ['ENVIRONMENTS_WRITE'],
  });
}

/** Throws INSUFFICIENT_SCOPE unless the key has all required scopes. */
export function requireScope(caller: Caller | undefined, ...required: Scope[]): void {
  const missing = required.filter((scope) => !caller?.isAdmin && !caller?.scopes.includes(scope));
  if (missing.length === 0) return;
  throw new DomainError('INSUFFICIENT_SCOPE', {
    detail: `This key lacks the scope ${missing.join(', ')}.`,
    hint: 'Ask for a key with that scope.',
    required,
  });
}
