import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { AuthenticatedRequest } from './decorators/caller.js';
import { FairPermits } from './fair-permits.js';
import { endWithin } from './request-bodies.js';

/** Of a request that may have the files of a deployment: 4 MiB of them in base64, and the other fields. */
export const LARGE_BODY_LIMIT = '8mb';
/** From here on a body is large. */
const LARGE_BYTES = 1024 * 1024;
/** Bounds memory, and the time for which parsing holds up other requests. */
const LARGE_BODIES_AT_ONCE = 3;
/** A slow client keeps others waiting. */
const READ_TIMEOUT_MS = 60_000;

const WITH_FILES = [
  /^\/deployments\/?$/i,
  /^\/deployments\/from-(git|upload)\/?$/i,
  /^\/deployments\/[^/]+\/(redeploy|promote)\/?$/i,
  /^\/environments\/[^/]+\/deployments\/[^/]+\/redeploy\/?$/i,
];

/** Content type function of the body parser with LARGE_BODY_LIMIT. A body without a declared length may be large. */
export function isLargeJson(message: IncomingMessage): boolean {
  const request = message as Request;
  if (Number(request.headers['content-length']) <= LARGE_BYTES) return false;
  return request.method === 'POST' && Boolean(request.is('json')) && WITH_FILES.some((one) => one.test(request.path));
}

/** Middleware. Reads a few large bodies at a time, only with a valid key, of all users in turn; the others wait unread. */
export function admitLargeBodies(authenticate: (request: AuthenticatedRequest) => Promise<void>): RequestHandler {
  const permits = new FairPermits(LARGE_BODIES_AT_ONCE);
  return (request: Request, _response: Response, next: NextFunction) => {
    if (!isLargeJson(request)) {
      next();
      return;
    }
    const [id, gone] = [randomUUID(), new AbortController()];
    request.once('end', () => permits.release(id));
    request.once('close', () => {
      gone.abort();
      permits.release(id);
    });
    const admit = async (authenticated: AuthenticatedRequest) => {
      await authenticate(authenticated);
      await permits.acquire(id, authenticated.caller?.userId ?? '', gone.signal);
      endWithin(request, READ_TIMEOUT_MS);
    };
    admit(request as AuthenticatedRequest).then(
      () => next(),
      (error: unknown) => gone.signal.aborted || next(error),
    );
  };
}
