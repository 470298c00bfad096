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

/** The where clause that restricts a query to the caller's environments; an operator sees all. */
export function ownedBy(caller: Caller): { userId?: string } {
  return caller.isAdmin ? {} : { userId: caller.userId };
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
