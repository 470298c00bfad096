import type { IncomingMessage, ServerResponse } from 'node:http';
import { newId } from '#src/common/time/id-source.js';

const REQUEST_ID = /^[\w-]{8,64}$/;

/** Middleware: the client's `X-Request-Id` when it is well-formed, else a new one; on the response too. The logger reads `request.id`. */
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
