import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type Access } from '#src/common/decorators/access.js';
import { type AuthenticatedRequest, requireScope } from '#src/common/decorators/caller.js';

/** Checks that the key has the scopes that the route requires. Runs after ApiKeyGuard. */
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
    requireScope(caller, ...access.scopes);
    return true;
  }
}
