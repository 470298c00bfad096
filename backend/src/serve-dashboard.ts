import path from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import compression from 'compression';
import type { NextFunction, Request, Response } from 'express';
import { contentSecurityPolicy } from '#src/common/content-security-policy.js';
import { DomainError } from '#src/common/errors/domain-error.js';

const PATH = '/dashboard';
/** `npm run build:dashboard` builds it here. */
const FILES = path.resolve(import.meta.dirname, '../dist/dashboard');
/** Everything is a file of the same origin, and no text becomes markup or a script. */
const POLICY = contentSecurityPolicy({ 'require-trusted-types-for': "'script'", 'trusted-types': "'none'" });

/** Serves the dashboard at /dashboard: static files, which need no key and count for no rate limit. */
export function serveDashboard(app: NestExpressApplication, folder = FILES): void {
  app.use(PATH, setPolicy, compression(), sendPage(folder));
  app.useStaticAssets(folder, { prefix: PATH, index: false, redirect: false, setHeaders: setCaching });
}

function setPolicy(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Content-Security-Policy', POLICY);
  next();
}

function sendPage(folder: string) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (request.path !== '/' || !['GET', 'HEAD'].includes(request.method)) {
      next();
      return;
    }
    if (request.originalUrl.startsWith(`${request.baseUrl}/`)) {
      response.redirect(301, PATH);
      return;
    }
    const options = { root: folder, acceptRanges: false, headers: { 'Cache-Control': 'no-cache' } };
    response.sendFile('index.html', options, (error?: Error & { status?: number }) => {
      if (!error || response.headersSent) return;
      if (error.status === 404) next(notBuilt());
      // A precondition that does not hold: the API supports none.
      else next((error.status ?? 500) < 500 ? undefined : error);
    });
  };
}

/** The name of an asset contains a hash of its content. */
function setCaching(response: Response, file: string): void {
  const isAsset = path.basename(path.dirname(file)) === 'assets';
  response.setHeader('Cache-Control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
}

function notBuilt(): DomainError {
  return new DomainError('ROUTE_NOT_FOUND', {
    detail: 'The dashboard is not built.',
    hint: 'Run npm run build:dashboard in backend/, or set DASHBOARD=off.',
  });
}
