import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

export const VIAS = ['API', 'TELEGRAM', 'LINK', 'HOST', 'HOOK', 'PLATFORM'] as const;

/** From where something is done: by the API, the bot, a magic link, on the host, by a repository's webhook, or by the platform itself. */
export interface Origin {
  via: (typeof VIAS)[number];
  ip?: string | undefined;
  requestId?: string | undefined;
}

export function originOf({ ip, id }: Request & { id?: unknown }): Origin {
  return { via: 'API', ip, requestId: typeof id === 'string' ? id : undefined };
}

/** Of a request without a key; a caller carries his own. */
export const RequestOrigin = createParamDecorator((_: unknown, context: ExecutionContext): Origin =>
  originOf(context.switchToHttp().getRequest<Request>()),
);
