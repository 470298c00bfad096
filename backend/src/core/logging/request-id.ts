import type { IncomingMessage, ServerResponse } from 'node:http';
import { newId } from '#src/common/time/id-source.js';

const REQUEST_ID = /^[\w-]{8,64}$/;

/**
 * Middleware: sets `request.id`, which the logger reads, and the response header to the client's valid `X-Request-Id`,
 * else to a new id.
 */
export function assignRequestId(
  request: IncomingMessage & { id?: unknown },
  response: ServerResponse,
  next: () => void,
): void {
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
  request.id = id;
  response.setHeader('X-Request-Id', id);
  next();
}
