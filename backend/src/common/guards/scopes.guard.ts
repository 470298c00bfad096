import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type Access } from '../decorators/access.js';
import type { AuthenticatedRequest } from '../decorators/caller.js';
import { DomainError } from '../errors/domain-error.js';

/** Runs after ApiKeyGuard: does the key carry the scope that the route asks for? */
@Injectable()
export class ScopesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access?.kind !== 'scopes') return true;
    const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const missing = access.scopes.filter((scope) => !caller?.isAdmin && !caller?.scopes.includes(scope));
    if (missing.length === 0) return true;
    throw new DomainError('INSUFFICIENT_SCOPE', {
      detail: `This key lacks the scope ${missing.join(', ')}.`,
      hint: 'Ask for a key with that scope.',
      required: access.scopes,
    });
  }
}
