import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import type { Config } from '#src/config/config.js';
import { createDocument } from './create-document.js';

const PATH = 'api/docs';
/** Swagger UI sets styles in place and draws its icons from data URLs; nothing comes from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Swagger UI at /api/docs, and the OpenAPI document at /api/docs-json: made at the first request, with this instance's address in it. */
export function setUpSwaggerUi(app: NestExpressApplication, { http }: Config): void {
  app.use(`/${PATH}`, (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Content-Security-Policy', POLICY);
    next();
  });
  SwaggerModule.setup(PATH, app, () => createDocument(app, http.publicBaseUrl), {
    raw: ['json'],
    customSiteTitle: 'Berth API',
    // The key is entered once and kept in the browser; every operation is ready to be tried.
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      filter: true,
    },
  });
}
