import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { DomainError } from '#src/common/errors/domain-error.js';
import type { Scope } from './access.js';
import type { Origin } from './origin.js';

/** What a key says of who presents it. */
export interface KeyHolder {
  userId: string;
  keyId: string;
  scopes: Scope[];
  isAdmin: boolean;
  expiresAt: Date | null;
}

/** Who sent the request, as proven by the API key, and from where. */
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

/** The where clause that every query of a user's environments goes through; an operator sees all. */
export function ownedBy(caller: Caller): { userId?: string } {
  return caller.isAdmin ? {} : { userId: caller.userId };
}

/** Throws INSUFFICIENT_SCOPE unless the key carries every one of these scopes. */
export function requireScope(caller: Caller | undefined, ...required: Scope[]): void {
  const missing = required.filter((scope) => !caller?.isAdmin && !caller?.scopes.includes(scope));
  if (missing.length === 0) return;
  throw new DomainError('INSUFFICIENT_SCOPE', {
    detail: `This key lacks the scope ${missing.join(', ')}.`,
    hint: 'Ask for a key with that scope.',
    required,
  });
}
