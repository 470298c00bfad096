import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../common/decorators/access.js';
import { RateLimit } from '../common/decorators/rate-limit.js';
import { DomainError } from '../common/errors/domain-error.js';
import { Config } from '../config/config.js';

const DOCUMENT = new URL('../../openapi.json', import.meta.url);
const UI = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Berth API</title>
<link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;
/** The key is entered once and kept in the browser; every operation is ready to be tried. */
const START = `window.ui = SwaggerUIBundle({
  url: '/api/docs-json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  filter: true,
});
`;
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

/** Swagger UI, and the OpenAPI document: the committed one, with this instance's address in it. */
@ApiExcludeController()
@Controller('api')
@Public()
@RateLimit('none')
export class DocsController {
  private document: string | undefined;

  constructor(private readonly config: Config) {}

  @Get('docs-json')
  @Header('Content-Type', 'application/json; charset=utf-8')
  json(): string {
    const servers = [{ url: this.config.http.publicBaseUrl }];
    this.document ??= JSON.stringify({ ...(JSON.parse(readFileSync(DOCUMENT, 'utf8')) as object), servers });
    return this.document;
  }

  @Get('docs')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', POLICY)
  page(): string {
    return PAGE;
  }

  @Get('docs/start.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  start(): string {
    return START;
  }

  @Get('docs/:asset')
  asset(@Param('asset') asset: string, @Res() response: Response): void {
    if (!ASSETS.includes(asset))
      throw new DomainError('ROUTE_NOT_FOUND', { detail: 'There is no such route.', hint: 'See /api/docs.' });
    response.sendFile(asset, { root: UI, maxAge: '1d', cacheControl: true });
  }
}
