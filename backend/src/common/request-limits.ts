import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { DomainError } from './errors/domain-error.js';
import { exceededLimit, REQUEST_LIMITS, WEBHOOK_LIMITS } from './json-size.js';
import { isLargeJson } from './large-bodies.js';
import { isDelivery } from './request-bodies.js';
import { validationFailed } from './validation.pipe.js';
import { faultOf } from './value-faults.js';

/** Of the body of a request with a key, and of a webhook. */
export const BODY_LIMIT = '1mb';
/** Of the body of a request that needs no key. */
export const KEYLESS_BODY_LIMIT = '16kb';
/** No route has more than a dozen parameters. */
const MAX_QUERY_NAMES = 100;

/** Routes that need no key. */
const KEYLESS = '/auth/verify';
const WEBHOOKS = ['/telegram/webhook'];

/** Content type function of the body parser with KEYLESS_BODY_LIMIT. */
export function isKeylessJson(request: IncomingMessage): boolean {
  return isJson(request as Request) && isKeyless(request as Request);
}

/** Content type function of the body parser with BODY_LIMIT. */
export function isOtherJson(request: IncomingMessage): boolean {
  return isJson(request as Request) && !isKeyless(request as Request) && !isLargeJson(request);
}

/** Content type function of the body parser of the page with a form. */
export function isForm(request: IncomingMessage): boolean {
  return Boolean((request as Request).is('urlencoded')) && !isDelivery(request as Request);
}

/** Middleware before every other: the router would report a malformed path as a malformed body. */
export function checkPath(request: Request, _response: Response, next: NextFunction): void {
  next(
    canDecode(request.path)
      ? undefined
      : new DomainError('MALFORMED_URL', {
          detail: 'The path of the URL has a % that encodes no character in UTF-8.',
          hint: 'Encode a literal % as %25.',
        }),
  );
}

/** Middleware after the body parsers, which give the bytes of a JSON body. Its work is linear in their number. */
export function parseJson(request: Request, _response: Response, next: NextFunction): void {
  const bytes: unknown = request.body;
  if (!Buffer.isBuffer(bytes)) {
    next();
    return;
  }
  const exceeded = exceededLimit(bytes, isWebhook(request) ? WEBHOOK_LIMITS : REQUEST_LIMITS);
  if (exceeded) {
    next(validationFailed([exceeded]));
    return;
  }
  try {
    request.body = bytes.length === 0 ? {} : parsed(bytes);
    next();
  } catch (cause) {
    next(
      new DomainError('MALFORMED_JSON', {
        detail: 'The body is not a JSON object.',
        hint: 'Send a JSON object.',
        cause,
      }),
    );
  }
}

/** Middleware before every pipe: refuses texts and names that no field accepts. */
export function checkValues(request: Request, _response: Response, next: NextFunction): void {
  const query = request.url.slice(request.url.indexOf('?') + 1);
  const fault =
    query.split('&', MAX_QUERY_NAMES + 1).length > MAX_QUERY_NAMES
      ? { path: 'query', message: `must have at most ${MAX_QUERY_NAMES} names` }
      : (faultOf(request.query) ?? (isWebhook(request) ? undefined : faultOf(request.body)));
  next(fault && validationFailed([fault]));
}

function canDecode(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function parsed(bytes: Buffer): unknown {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof value !== 'object' || value === null) throw new SyntaxError('neither an object nor a list');
  return value;
}

function isJson(request: Request): boolean {
  return Boolean(request.is('json')) && !isDelivery(request);
}

function isKeyless(request: Request): boolean {
  if (isWebhook(request)) return false;
  return request.headers['x-api-key'] === undefined || lowerPath(request).startsWith(KEYLESS);
}

/** Webhooks are signed, reach no DTO, and are parsed field by field. */
function isWebhook(request: Request): boolean {
  return WEBHOOKS.some((prefix) => lowerPath(request).startsWith(prefix));
}

/** Routing ignores case. */
function lowerPath({ path }: Request): string {
  return path.toLowerCase();
}
