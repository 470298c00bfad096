import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { unsupportedArchive } from '#src/common/request-bodies.js';

export interface ArchiveType {
  isGzip: boolean;
}

/** Injects the type of the body by its Content-Type. Throws UNSUPPORTED_MEDIA_TYPE. */
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
