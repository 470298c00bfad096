import { HttpException } from '@nestjs/common';
import { DomainError, type FieldError } from '#src/common/errors/domain-error.js';
import { isEngineUnavailable } from '#src/common/errors/engine-unavailable.js';
import { API_ERRORS, type ApiErrorCode, type ErrorDefinition } from '#src/common/errors/error-registry.js';

/** RFC 9457 problem details, `application/problem+json`. */
export interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  code: ApiErrorCode;
  detail: string;
  hint?: string;
  errors?: FieldError[];
  required?: string[];
  instance: string;
  requestId: string;
  timestamp: string;
}

/** Maps any thrown value to the domain error that the client receives. */
export function toDomainError(thrown: unknown): DomainError {
  if (thrown instanceof DomainError) return thrown;
  if (isDatabaseUnavailable(thrown)) {
    return new DomainError('DATABASE_UNAVAILABLE', {
      detail: 'The database does not answer.',
      hint: 'Try again in a moment.',
      cause: thrown,
    });
  }
  if (isEngineUnavailable(thrown)) {
    return new DomainError('DOCKER_UNAVAILABLE', {
      detail: 'The Docker Engine does not answer.',
      hint: 'Try again in a moment.',
      cause: thrown,
    });
  }
  const status = thrown instanceof HttpException ? thrown.getStatus() : httpStatusOf(thrown);
  return fromStatus(status, thrown);
}

export function definitionOf(error: DomainError): ErrorDefinition {
  return API_ERRORS[error.code];
}

export function toProblem(error: DomainError, request: { path: string; id: string; now: Date }): Problem {
  const { status, title } = definitionOf(error);
  const { detail, hint, errors, required } = error.options;
  return {
    type: 'about:blank',
    title,
    status,
    code: error.code,
    detail,
    ...(hint && { hint }),
    ...(errors && { errors }),
    ...(required && { required }),
    instance: request.path,
    requestId: request.id,
    timestamp: request.now.toISOString(),
  };
}

function fromStatus(status: number, cause: unknown): DomainError {
  switch (status) {
    case 400:
      return new DomainError('MALFORMED_JSON', {
        detail: 'The request is not well formed.',
        hint: 'Send a JSON object.',
        cause,
      });
    case 404:
      return new DomainError('ROUTE_NOT_FOUND', { detail: 'There is no such route.', hint: 'See /api/docs.', cause });
    case 413:
      return new DomainError('PAYLOAD_TOO_LARGE', {
        detail: `The body is larger than ${limitOf(cause)}.`,
        hint: 'Send less at once. Large files belong into a volume or into the image.',
        cause,
      });
    case 415:
      return new DomainError('UNSUPPORTED_MEDIA_TYPE', {
        detail: 'The body must be JSON in UTF-8.',
        hint: 'Send Content-Type: application/json.',
        cause,
      });
    case 429:
      return new DomainError('RATE_LIMITED', {
        detail: 'Too many requests.',
        hint: 'Wait as Retry-After says.',
        cause,
      });
    default:
      return new DomainError('INTERNAL', {
        detail: 'An unexpected error occurred in the platform.',
        hint: 'Give the operator the requestId.',
        cause,
      });
  }
}

/** body-parser reports the limit that a body exceeds, in bytes; Nest wraps its error. */
function limitOf(thrown: unknown): string {
  const { limit } = ((thrown as Error).cause ?? thrown) as { limit?: unknown };
  return typeof limit === 'number' ? `${limit / 1024} KiB` : 'this route accepts';
}

/** body-parser and similar middleware throw plain errors that carry a status. */
function httpStatusOf(thrown: unknown): number {
  if (thrown instanceof URIError) return 400;
  const status = (thrown as { status?: unknown; statusCode?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

const UNAVAILABLE_CODES = new Set([
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  'P2034',
  'P2037',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '53100', // its disk is full
  '08006',
  '08001',
  '08003',
]);

/**
 * Errors of `pg` without a code: no connection became free or was established, or a query was not answered, before the
 * timeout; or the connection was lost meanwhile.
 */
const TIMEOUT =
  /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Connection ended|has encountered a connection error/;

/** An unavailable database shows as a code of Prisma, of the driver adapter, of pg or of the socket. */
export function isDatabaseUnavailable(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if (TIMEOUT.test(thrown.message)) return true;
  const { name, code, errorCode, syscall } = thrown as Error & {
    code?: unknown;
    errorCode?: unknown;
    syscall?: unknown;
  };
  if (name.startsWith('PrismaClient')) {
    if (UNAVAILABLE_CODES.has(String(code ?? errorCode))) return true;
    if (
      /Code: `?(57P0\d|53[13]00|08\w{3})|connection (terminated|closed|timeout)|DatabaseNotReachable|ConnectionClosed|SocketTimeout|Query read timeout|the database system is (starting up|shutting down)|terminating connection|Transaction API error: Unable to start/i.test(
        thrown.message,
      )
    )
      return true;
  }
  if (name === 'DriverAdapterError')
    return /DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections|starting up|shutting down|terminat|53100/i.test(
      thrown.message + JSON.stringify((thrown as { cause?: unknown }).cause ?? ''),
    );
  return syscall === 'connect' && UNAVAILABLE_CODES.has(String(code));
}
