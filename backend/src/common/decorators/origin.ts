import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

export const AUDIT_SOURCES = ['API', 'TELEGRAM', 'LINK', 'HOST', 'HOOK', 'PLATFORM'] as const;

/** Source of an action: the API, the bot, a magic link, the host, a repository's webhook or the platform itself. */
export interface Origin {
  via: (typeof AUDIT_SOURCES)[number];
  ip?: string | undefined;
  requestId?: string | undefined;
}

export function originOf({ ip, id }: Request & { id?: unknown }): Origin {
  return { via: 'API', ip, requestId: typeof id === 'string' ? id : undefined };
}

/** Injects the origin of a request without a key; a Caller has its own. */
export const RequestOrigin = createParamDecorator((_: unknown, context: ExecutionContext): Origin =>
  originOf(context.switchToHttp().getRequest<Request>()),
);
