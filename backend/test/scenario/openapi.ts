import { readFileSync } from 'node:fs';

/** As much of an OpenAPI document as the generated tests read. */
export interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  enum?: unknown[];
  additionalProperties?: Schema | boolean;
  example?: unknown;
  nullable?: boolean;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  schema: Schema;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  scopes: string[];
  open: boolean;
  parameters: Parameter[];
  /** schema of the JSON body */
  body: Schema | undefined;
  examples: Record<string, unknown>[];
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}

interface Raw {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }> };
  responses: Operation['responses'];
  security?: object[];
  'x-scopes'?: string[];
}

export interface Document {
  paths: Record<string, Record<string, Raw>>;
  components: { schemas: Record<string, Schema>; securitySchemes: object };
}

export function committedDocument(): Document {
  return JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as Document;
}

export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => {
      const content = raw.requestBody?.content['application/json'];
      return {
        id: raw.operationId,
        method: method.toUpperCase(),
        path,
        scopes: raw['x-scopes'] ?? [],
        open: !raw.security?.length,
        parameters: raw.parameters ?? [],
        body: content && resolved(document, content.schema),
        examples: Object.values(content?.examples ?? {}).map(({ value }) => value as Record<string, unknown>),
        responses: raw.responses,
      };
    }),
  );
}

/** The schema behind references. */
export function resolved(document: Document, schema: Schema): Schema {
  const name = (schema.$ref ?? schema.allOf?.[0]?.$ref)?.split('/').at(-1);
  return name ? resolved(document, document.components.schemas[name] ?? {}) : schema;
}

/** Every place in a body: its dotted path, as errors name it, and a body that has it. */
export function fieldsOf(
  document: Document,
  schema: Schema,
  base: Record<string, unknown>,
): { path: string; with: (value: unknown) => Record<string, unknown> }[] {
  return Object.entries(resolved(document, schema).properties ?? {}).flatMap(([name, property]) => {
    const field = resolved(document, property);
    const here = { path: name, with: (value: unknown) => ({ ...base, [name]: value }) };
    const inner = field.type === 'array' ? resolved(document, field.items ?? {}) : field;
    if (!inner.properties) return [here];
    const nested = fieldsOf(document, inner, sample(document, inner)).map((one) => {
      const wrap = (value: unknown) => (field.type === 'array' ? [one.with(value)] : one.with(value));
      return {
        path: field.type === 'array' ? `${name}.0.${one.path}` : `${name}.${one.path}`,
        with: (value: unknown) => ({ ...base, [name]: wrap(value) }),
      };
    });
    return [here, ...nested];
  });
}

/** The smallest object that has what is required. */
function sample(document: Document, schema: Schema): Record<string, unknown> {
  const { properties = {}, required = [] } = resolved(document, schema);
  return Object.fromEntries(
    required.map((name) => {
      const { type, example } = resolved(document, properties[name] ?? {});
      return [name, example ?? (type === 'integer' ? 80 : 'x')];
    }),
  );
}
