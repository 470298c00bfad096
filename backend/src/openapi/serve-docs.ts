import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ProblemDto } from '../common/filters/problem.dto.js';
import type { Config } from '../config/config.js';
import { VERSION } from '../modules/platform/version.js';

/** Swagger UI at /api/docs, the document at /api/docs-json. Made at the first request: most instances are never asked. */
export function serveDocs(app: NestExpressApplication, { http }: Config): void {
  let document: OpenAPIObject | undefined;
  SwaggerModule.setup('api/docs', app, () => (document ??= createDocument(app, http.publicBaseUrl)), {
    jsonDocumentUrl: 'api/docs-json',
    customSiteTitle: 'Berth API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
}

export function createDocument(app: NestExpressApplication, baseUrl: string): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Berth')
    .setDescription(
      'Deploys images and Git repositories into private environments on Docker Swarm. Errors are RFC 9457 problem details.',
    )
    .setVersion(VERSION)
    .addServer(baseUrl)
    .addApiKey(
      {
        type: 'apiKey',
        in: 'header',
        name: 'X-API-Key',
        description: '`rw_prod_{keyId}.{secret}`, from the Telegram bot or from script/key.',
      },
      'api-key',
    )
    .addTag('auth', 'Keys')
    .addTag('environments', 'Private networks')
    .addTag('deployments', 'What runs in them')
    .addTag('health', 'The platform itself');
  return SwaggerModule.createDocument(app, builder.build(), {
    extraModels: [ProblemDto],
    operationIdFactory: (_controller, method) => method,
  });
}
