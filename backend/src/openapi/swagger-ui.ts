import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { contentSecurityPolicy } from '#src/common/content-security-policy.js';
import type { Config } from '#src/config/config.js';
import { createDocument } from './create-document.js';
import { REMEMBER_KEY_JS } from './remember-key.js';

const PATH = 'api/docs';
const REMEMBER_KEY_PATH = `/${PATH}/remember-key.js`;
/** Swagger UI needs inline styles and data URLs for its icons; it loads nothing from other hosts. */
const POLICY = contentSecurityPolicy({ 'style-src': "'self' 'unsafe-inline'", 'img-src': "'self' data:" });

/** Serves Swagger UI at /api/docs and the OpenAPI document at /api/docs-json, which is built at the first request. */
export function setUpSwaggerUi(app: NestExpressApplication, { http }: Config): void {
  app.use(`/${PATH}`, (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Content-Security-Policy', POLICY);
    next();
  });
  app.use(REMEMBER_KEY_PATH, (_request: Request, response: Response) => {
    response.type('text/javascript').send(REMEMBER_KEY_JS);
  });
  SwaggerModule.setup(PATH, app, () => createDocument(app, http.publicBaseUrl), {
    raw: ['json'],
    customSiteTitle: 'Berth API',
    customJs: REMEMBER_KEY_PATH,
    // Every operation can be tried at once.
    swaggerOptions: {
      displayRequestDuration: true,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      filter: true,
    },
  });
}
