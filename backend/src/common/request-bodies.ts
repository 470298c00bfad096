import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { DomainError } from './errors/domain-error.js';

/** The only page with a form. */
const FORM_PATH = '/auth/verify/form';
const UPLOAD_PATH = '/uploads';
export const ARCHIVE_TYPES = ['application/x-tar', 'application/gzip'];
const BODY_TIMEOUT_MS = 300_000;
/**
 * After a refusal the client may keep sending for so long, so that it reads the response before the connection is cut.
 */
const LINGER_MS = 5000;

/** Whether it is the delivery of a webhook, whose route reads the body as it arrives. Routing ignores case. */
export function isDelivery({ method, path }: Request): boolean {
  return method === 'POST' && /^\/hooks\/[^/]+\/?$/i.test(path);
}

/**
 * Middleware. Accepts JSON bodies, the form of the one page that has one, archives, and deliveries of webhooks. Another
 * type would be parsed as an empty body, and the error would name missing fields.
 */
export function onlyKnownBodies(request: Request, response: Response, next: NextFunction): void {
  const { headers, path } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
  if (!hasBody) {
    next();
    return;
  }
  response.once('finish', () => endUnread(request));
  if (path === UPLOAD_PATH && request.method === 'POST') {
    next(request.is(ARCHIVE_TYPES) ? undefined : unsupportedArchive());
    return;
  }
  endWithin(request, BODY_TIMEOUT_MS);
  const otherCharset = /charset=(?!"?utf-8\b)/i.test(headers['content-type'] ?? '');
  const isRead = isDelivery(request) || request.is('json') || (path === FORM_PATH && request.is('urlencoded'));
  next(otherCharset || !isRead ? new UnsupportedMediaTypeException() : undefined);
}

/**
 * Raises the server's request timeout to the slowest upload that is allowed. A client that sends Expect: 100-continue,
 * as curl does for a large body, receives a refusal before it sends the body.
 */
export function acceptUploads(server: Server, longestMs: number): void {
  server.requestTimeout = Math.max(server.requestTimeout, longestMs);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== UPLOAD_PATH) response.writeContinue();
    server.emit('request', request, response);
  });
}

/** Sends 100 Continue if the client expects it. Call it before the body of an upload is read. */
export function askForBody({ headers, res }: Request): void {
  if (headers.expect?.toLowerCase() === '100-continue') res?.writeContinue();
}

export function unsupportedArchive(): DomainError {
  return new DomainError('UNSUPPORTED_MEDIA_TYPE', {
    detail: 'The body must be a tar archive, plain or gzip-compressed.',
    hint: `Send Content-Type: ${ARCHIVE_TYPES.join(' or ')}.`,
  });
}

/**
 * A refusal may precede the end of the body: if the connection were cut at once, the client would not read the
 * response.
 */
function endUnread(request: Request): void {
  if (!request.complete) endWithin(request, LINGER_MS);
}

/** Cuts the connection of a client that has not sent its whole body by then. */
export function endWithin(request: Request, ms: number): void {
  const timer = setTimeout(() => request.complete || request.destroy(), ms).unref();
  request.once('close', () => clearTimeout(timer));
}
