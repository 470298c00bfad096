import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { DomainError } from './errors/domain-error.js';

/** The page that has a form. */
const FORM_PATH = '/auth/verify/form';
const UPLOAD_PATH = '/uploads';
export const ARCHIVE_TYPES = ['application/x-tar', 'application/gzip'];
const BODY_MS = 300_000;
/** How long a client that was refused may go on sending before its connection is cut: it has the answer by then. */
const LINGER_MS = 5000;

/**
 * Middleware. Bodies are JSON, but for the form of the one page that has one and for archives. Otherwise another type of body would be no body at
 * all, and the error would speak of missing fields.
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
  endWithin(request, BODY_MS);
  const otherCharset = /charset=(?!"?utf-8\b)/i.test(headers['content-type'] ?? '');
  const isRead = request.is('json') || (path === FORM_PATH && request.is('urlencoded'));
  next(otherCharset || !isRead ? new UnsupportedMediaTypeException() : undefined);
}

/**
 * The slowest upload that is allowed takes longer than Node would wait for a request. And who asks whether to send the body (Expect: 100-continue,
 * as curl does for a large one) hears of a refusal before that.
 */
export function acceptUploads(server: Server, longestMs: number): void {
  server.requestTimeout = Math.max(server.requestTimeout, longestMs);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== UPLOAD_PATH) response.writeContinue();
    server.emit('request', request, response);
  });
}

/** Before the body of an upload is read. */
export function askForBody({ headers, res }: Request): void {
  if (headers.expect?.toLowerCase() === '100-continue') res?.writeContinue();
}

export function unsupportedArchive(): DomainError {
  return new DomainError('UNSUPPORTED_MEDIA_TYPE', {
    detail: 'The body must be a tar archive, or one in gzip.',
    hint: `Send Content-Type: ${ARCHIVE_TYPES.join(' or ')}.`,
  });
}

/** A refusal may come before the whole body has: cut off at once, the client would see its connection break, and not the answer. */
function endUnread(request: Request): void {
  if (!request.complete) endWithin(request, LINGER_MS);
}

function endWithin(request: Request, ms: number): void {
  const timer = setTimeout(() => request.complete || request.destroy(), ms).unref();
  request.once('close', () => clearTimeout(timer));
}
