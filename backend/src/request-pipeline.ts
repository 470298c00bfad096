import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';
import { IdPipe } from './common/id.pipe.js';
import type { AuthenticatedRequest } from './common/decorators/caller.js';
import { admitLargeBodies, isLargeJson, LARGE_BODY_LIMIT } from './common/large-bodies.js';
import { onlyKnownBodies } from './common/request-bodies.js';
import {
  BODY_LIMIT,
  checkPath,
  checkValues,
  isForm,
  isKeylessJson,
  isOtherJson,
  KEYLESS_BODY_LIMIT,
  parseJson,
} from './common/request-limits.js';
import { createValidationPipe } from './common/validation.pipe.js';
import { assignRequestId } from './core/logging/request-id.js';

/** Limit of the only page with a form. */
const FORM_LIMIT = '4kb';

/** What every request passes before its route, in this order: each step relies on the limits of those before it. */
export function setUpRequests(
  app: NestExpressApplication,
  headers: HelmetOptions,
  authenticate: (request: AuthenticatedRequest) => Promise<void>,
): void {
  app.disable('x-powered-by');
  app.disable('etag');
  // Only the platform's own edge, which connects through a Unix socket and so has no address, is a trusted proxy.
  app.set('trust proxy', (address: string | undefined) => !address);
  app.use(assignRequestId);
  app.use(helmet(headers));
  app.use(noStore);
  app.use(checkPath);
  app.use(onlyKnownBodies);
  app.useBodyParser('raw', { limit: KEYLESS_BODY_LIMIT, type: isKeylessJson });
  app.use(admitLargeBodies(authenticate));
  app.useBodyParser('raw', { limit: LARGE_BODY_LIMIT, type: isLargeJson });
  app.useBodyParser('raw', { limit: BODY_LIMIT, type: isOtherJson });
  app.use(parseJson);
  app.useBodyParser('urlencoded', { limit: FORM_LIMIT, extended: false, type: isForm });
  app.use(checkValues);
  app.useGlobalPipes(new IdPipe(), createValidationPipe());
}

/** Responses depend on the key, so that no cache between may store them. */
function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}
