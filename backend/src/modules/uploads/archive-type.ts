import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { unsupportedArchive } from '#src/common/request-bodies.js';

export interface ArchiveType {
  isGzip: boolean;
}

/** What the body is, as Content-Type says. Throws UNSUPPORTED_MEDIA_TYPE. */
export const ArchiveType = createParamDecorator((_: unknown, context: ExecutionContext): ArchiveType => {
  const { headers } = context.switchToHttp().getRequest<Request>();
  const [type] = (headers['content-type'] ?? '').toLowerCase().split(';');
  switch (type?.trim()) {
    case 'application/x-tar':
      return { isGzip: false };
    case 'application/gzip':
      return { isGzip: true };
    default:
      throw unsupportedArchive();
  }
});
