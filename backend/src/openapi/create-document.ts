import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { mergePatchNames } from '#src/common/merge-patch.js';
import { ProblemDto } from '#src/common/filters/problem.dto.js';
import { HealthPartDto } from '#src/core/health/health.controller.js';
import { VERSION } from '#src/modules/platform/version.js';

/** Creates the OpenAPI document of an application from its controllers and DTOs. */
export function createDocument(app: INestApplication, serverUrl: string): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, header(serverUrl), {
    extraModels: [ProblemDto, HealthPartDto],
    operationIdFactory: (_controller, method) => method,
  });
  for (const path of Object.values(document.paths))
    for (const operation of Object.values(path) as Operation[]) complete(operation);
  for (const name of mergePatchNames()) acceptNull(document.components?.schemas?.[name]);
  return forClients(document);
}

function header(serverUrl: string) {
  return new DocumentBuilder()
    .setTitle('Berth')
    .setDescription(
      [
        'Deploys images and Git repositories into private environments on Docker Swarm.',
        'Authorize with your API key, create an environment, deploy into it, and poll the job until it is `RUNNING`.',
        'Errors are RFC 9457 problem details; `code` is one of `ErrorCode`.',
      ].join('\n\n'),
    )
    .setVersion(VERSION)
    .addServer(serverUrl)
    .addApiKey(
      {
        type: 'apiKey',
        in: 'header',
        name: 'X-API-Key',
        description: '`rw_prod_{keyId}.{secret}`, from the Telegram bot or from script/key.',
      },
      'api-key',
    )
    .addTag('auth', 'API keys')
    .addTag('admin', 'For operators')
    .addTag('audit', 'Audit log')
    .addTag('environments', 'Private networks')
    .addTag('deployments', 'Applications in an environment')
    .addTag('hooks', 'Redeploy on push')
    .addTag('nodes', 'Nodes of the swarm')
    .addTag('health', 'Health and metrics of the platform')
    .build();
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & { 'x-examples'?: Record<string, object> };

/** Adds what decorators cannot express: the examples of a body besides its schema, and plain text as a string. */
function complete(operation: Operation): void {
  const { requestBody, responses } = operation;
  const examples = operation['x-examples'];
  delete operation['x-examples'];
  if (requestBody && 'content' in requestBody && examples) {
    const content = requestBody.content['application/json'];
    if (content)
      content.examples = Object.fromEntries(
        Object.entries(examples).map(([summary, value]) => [summary, { summary, value }]),
      );
  }
  for (const response of Object.values(responses) as { content?: Record<string, { schema: object }> }[]) {
    const text = response.content?.['text/plain'];
    if (text) text.schema = { type: 'string' };
  }
}

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  nullable?: boolean;
  default?: unknown;
}

/** In a merge patch, null removes a field or a name of it, and a missing field stays: it has no default. */
function acceptNull(schema: Schema | object | undefined): void {
  const { properties = {}, required = [] }: Schema = schema ?? {};
  for (const [name, property] of Object.entries(properties)) {
    if (required.includes(name)) continue;
    delete property.default;
    // What stands beside a reference is ignored.
    if (property.$ref !== undefined) properties[name] = { allOf: [{ $ref: property.$ref }], nullable: true };
    else property.nullable = true;
    if (typeof property.additionalProperties === 'object') property.additionalProperties.nullable = true;
  }
}

/** Makes every number but `cpus` and those of a format an integer, and removes the suffix Dto from the names of the schemas. */
function forClients(document: OpenAPIObject): OpenAPIObject {
  return JSON.parse(JSON.stringify(document).replace(/\b([A-Z]\w*)Dto\b/g, '$1'), (name, value: unknown) =>
    name !== 'cpus' && isPlainNumber(value) ? { ...value, type: 'integer' } : value,
  ) as OpenAPIObject;
}

function isPlainNumber(value: unknown): value is { type: 'number' } {
  if (typeof value !== 'object' || value === null) return false;
  const { type, format } = value as { type?: unknown; format?: unknown };
  return type === 'number' && format === undefined;
}
