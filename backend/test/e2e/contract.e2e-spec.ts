import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../../clients/typescript/src/index.js';
import { folderOf } from '../scenario/archives.js';
import { ApiClient, type Problem } from '../scenario/api-client.js';
import { EngineView } from '../scenario/engine-view.js';
import { encoded, HOSTILE, HOSTILE_TEXT } from '../scenario/hostile.js';
import { committedDocument, fieldsOf, type Operation, operationsOf } from '../scenario/openapi.js';
import { Platform } from '../scenario/platform.js';
import { IDLE, sh } from '../scenario/stand-in.js';
import { eventually } from '../testbed/eventually.js';

const MIB = 2 ** 20;
const document = committedDocument();
const operations = operationsOf(document);
const SCOPES = ['ENVIRONMENTS_READ', 'ENVIRONMENTS_WRITE', 'DEPLOYMENTS_READ', 'DEPLOYMENTS_WRITE', 'LOGS_READ'];
const NOBODY = { cuid: 'cl0000000000000000000000x', jobId: 'AAAAAAAAAAAAAAAA' };

/** Generated from the OpenAPI document: a route that is added is tested. */
describe('the contract', () => {
  const platform = new Platform();
  const engine = new EngineView();
  let client: ApiClient;
  let stranger: ApiClient;
  /** Of the owner, but bound to another environment. */
  let bound: ApiClient;
  let owned: Record<string, string>;

  beforeAll(async () => {
    await platform.start();
    [client, stranger] = [await platform.client('1', SCOPES.join(',')), await platform.client('2', SCOPES.join(','))];
    const { id: environmentId } = await client.createEnvironment('owned');
    const { id: elsewhere } = await client.createEnvironment('elsewhere');
    const body = { name: 'bound', scopes: SCOPES, environmentIds: [elsewhere] };
    bound = new ApiClient(platform.baseUrl, (await client.ok<{ apiKey: string }>('POST', '/auth/keys', body)).apiKey);
    const { id, jobId } = await client.run({ environmentId, image: 'busybox', tag: '1.36', command: sh(IDLE) });
    const { key } = await client.ok<{ key: { keyId: string } }>('GET', '/auth/me');
    const { uploadId } = await client.upload(await folderOf({ 'index.html': 'owned' }));
    const command = ['true'];
    const { runId } = await client.ok<{ runId: string }>('POST', `/deployments/${id}/runs`, { command });
    await eventually(async () => {
      const { run } = await client.ok<{ run: Run }>('GET', `/runs/${runId}`);
      expect(run.status).toBe('SUCCEEDED');
    }, 30_000);
    owned = { environmentId, deploymentId: id, jobId, keyId: key.keyId, uploadId, runId };
  });
  afterAll(() => platform.stop());

  /** What the world looks like, to see that nothing changed. */
  const world = async () => {
    const environments = await platform.sql<{ id: string }>('SELECT id FROM "Environment" ORDER BY id');
    const objects = await Promise.all(environments.map(({ id }) => engine.leftovers(id)));
    return { rows: await platform.counts(), objects: objects.map((names) => names.toSorted()) };
  };

  it('must be what the running API says of itself', async () => {
    const running = (await (await fetch(`${platform.baseUrl}/api/docs-json`)).json()) as Record<string, unknown>;
    expect({ ...running, servers: [] }).toEqual({ ...(document as object), servers: [] });
    expect(running['servers']).toEqual([{ url: platform.baseUrl }]);
    expect(Object.keys(document.components.schemas['ErrorCode']?.enum ?? {})).not.toHaveLength(0);
    for (const { id, responses } of operations) {
      expect(id).toMatch(/^[a-z][A-Za-z]+$/);
      for (const [status, { content = {} }] of Object.entries(responses))
        for (const [type, { schema }] of Object.entries(content))
          expect(schema, `${id} ${status} ${type}`).toBeTruthy();
    }
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  });

  it('must give examples that the API takes', async () => {
    for (const operation of operations) {
      for (const example of operation.examples) {
        const body = 'environmentId' in example ? { ...example, environmentId: NOBODY.cuid } : example;
        const path = filled(operation, () => NOBODY.cuid);
        const { status, body: answer } = await client.request(operation.method, path, body);
        const isDeadLink = answer.code === 'MAGIC_LINK_INVALID'; // as every link of an example is
        const said = `${operation.id} ${JSON.stringify(answer)}`;
        expect([200, 201, 202, 404, 409, ...(isDeadLink ? [401] : [])], said).toContain(status);
      }
    }
    const { environments } = await client.ok<{ environments: { id: string; name: string }[] }>('GET', '/environments');
    for (const { id, name } of environments) if (name !== 'owned') await client.deleteEnvironment(id);
  });

  it.each([
    ["somebody else's id", () => stranger],
    ['an id outside the bounds of the key', () => bound],
  ])('must answer for %s exactly as for one that does not exist', async (_title, clientOf) => {
    let compared = 0;
    for (const operation of operations) {
      const body = operation.examples[0];
      const ids = operation.parameters.filter(({ in: place }) => place === 'path').map(({ name }) => name);
      const bodyIds = Object.keys(operation.body?.properties ?? {}).filter((name) => /Id$/.test(name));
      if (ids.length + bodyIds.length === 0) continue;
      const theirs = await ask(clientOf(), operation, body && withIds(body, bodyIds, owned), ownedId(operation));
      const nobodys = await ask(
        clientOf(),
        operation,
        body && withIds(body, bodyIds, { environmentId: NOBODY.cuid, keyId: NOBODY.jobId, uploadId: NOBODY.cuid }),
        (name) => (name === 'jobId' ? NOBODY.jobId : NOBODY.cuid),
      );
      expect(theirs, operation.id).toEqual(nobodys);
      // What needs no key is known by its signature.
      expect(theirs.status, operation.id).toBe(operation.open ? 401 : 404);
      compared += 1;
    }
    expect(compared).toBeGreaterThanOrEqual(11);
    expect((await client.job(owned['jobId'] ?? '')).status).toBe('RUNNING');
    expect((await client.environment(owned['environmentId'] ?? '')).status).toBe('ACTIVE');
  });

  it('must name the scope that a key lacks, on every operation', async () => {
    const clients = new Map<string, ApiClient>();
    for (const operation of operations.filter(({ scopes }) => scopes.length > 0)) {
      const others = SCOPES.filter((scope) => !operation.scopes.includes(scope)).join(',');
      const lacking = clients.get(others) ?? (await platform.client('1', others));
      clients.set(others, lacking);
      const answer = await lacking.request(
        operation.method,
        filled(operation, ownedId(operation)),
        operation.examples[0],
      );
      expect(answer, operation.id).toMatchObject({
        status: 403,
        body: { code: 'INSUFFICIENT_SCOPE', required: operation.scopes },
      });
    }
    expect((await client.job(owned['jobId'] ?? '')).status).toBe('RUNNING');
  });

  it('must answer every operation without a key with the same 401', async () => {
    const nobody = new ApiClient(platform.baseUrl, '');
    const answers = await Promise.all(
      operations
        .filter(({ open }) => !open)
        .map((operation) => ask(nobody, operation, operation.examples[0], ownedId(operation))),
    );
    expect(answers[0]).toMatchObject({ status: 401 });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('must send strict headers with every answer', async () => {
    for (const path of ['/', '/health', '/environments', '/nowhere', '/api/docs', '/api/docs-json']) {
      const { headers } = await fetch(platform.baseUrl + path);
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-request-id')).toMatch(/^[\w-]{8,64}$/);
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  it('must refuse hostile bodies by the name of the field, and change nothing', { tags: 'long' }, async () => {
    const before = await world();
    for (const operation of operations) {
      const [example] = operation.examples;
      if (!example || !operation.body) continue;
      const base = withIds(example, ['environmentId', 'keyId'], { environmentId: NOBODY.cuid, keyId: NOBODY.jobId });
      const path = filled(operation, () => NOBODY.cuid);
      for (const field of fieldsOf(document, operation.body, base)) {
        for (const value of HOSTILE) {
          // Where a field may be missing, null is no value.
          if (value === null && !operation.body.required?.includes(field.path)) continue;
          const answer = await client.request(operation.method, path, field.with(value));
          expectRefusal(operation, field.path, value, answer);
        }
      }
    }
    expect(await world()).toEqual(before);
    expect(await client.request('POST', '/environments', { name: 'x', __proto__: 1, surprise: 1 })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'surprise' }] },
    });
  });

  it('must refuse hostile parameters, and change nothing', { tags: 'long' }, async () => {
    const before = await world();
    for (const operation of operations) {
      for (const parameter of operation.parameters) {
        for (const text of HOSTILE_TEXT) {
          const inPath = filled(operation, (name) => (name === parameter.name ? text : NOBODY.cuid));
          const path =
            parameter.in === 'query'
              ? `${filled(operation, () => NOBODY.cuid)}?${parameter.name}=${encoded(text)}`
              : inPath;
          if (parameter.in === 'header') continue;
          const answer = await client.request(operation.method, path, operation.examples[0]);
          const title = `${operation.id} ${parameter.name}=${text.slice(0, 40)}: ${JSON.stringify(answer.body).slice(0, 300)}`;
          expect(answer.status, title).toBeLessThan(500);
          if (parameter.in === 'path') expect([400, operation.open ? 401 : 404], title).toContain(answer.status);
          if (answer.status === 400 && parameter.in === 'query')
            expect(answer.body.errors?.[0]?.path, title).toBe(parameter.name);
        }
      }
    }
    expect(await world()).toEqual(before);
  });

  it('must refuse what is not JSON, not an object, too large or of another type', async () => {
    const raw = (method: string, path: string, body: string, type: string | null) =>
      fetch(platform.baseUrl + path, {
        method,
        body,
        headers: { 'X-API-Key': client.apiKey, ...(type !== null && { 'Content-Type': type }) },
      });
    for (const operation of operations.filter(({ body }) => body)) {
      const path = filled(operation, () => NOBODY.cuid);
      const tooLarge = 'files' in (operation.body?.properties ?? {}) ? 9 * MIB : 2 * MIB;
      const cases: [body: string, type: string, status: number][] = [
        ['{"name":', 'application/json', 400],
        ['"text"', 'application/json', 400],
        ['[]', 'application/json', 400],
        ['null', 'application/json', 400],
        // Where no field is required, nothing is a body, too.
        ['', 'application/json', operation.body?.required?.length ? 400 : 404],
        ['{}', 'text/plain', 415],
        ['name=x', 'application/x-www-form-urlencoded', 415],
        ['<x/>', 'application/xml', 415],
        [JSON.stringify({ name: 'x'.repeat(tooLarge) }), 'application/json', 413],
        [JSON.stringify('x').repeat(3), 'application/json', 400],
        ['{"name":"x"}', 'application/json; charset=utf-7', 415],
      ];
      for (const [body, type, status] of cases) {
        const answer = await raw(operation.method, path, body, type);
        const problem = (await answer.json()) as Problem;
        expect(answer.status, `${operation.id} ${type} ${body.slice(0, 20)} ${JSON.stringify(problem)}`).toBe(status);
        expect(answer.headers.get('content-type')).toContain('application/problem+json');
      }
    }
  });

  const ownedId = (operation: Operation) => (name: string) =>
    (name === 'jobId'
      ? owned['jobId']
      : name === 'envId' || operation.path.startsWith('/environments')
        ? owned['environmentId']
        : owned[operation.path.startsWith('/runs') ? 'runId' : 'deploymentId']) ?? '';
});

function filled({ path }: Operation, valueOf: (name: string) => string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encoded(valueOf(name)));
}

function withIds(body: Record<string, unknown>, names: string[], ids: Record<string, string>): Record<string, unknown> {
  const given = names.filter((name) => name in body).map((name) => [name, ids[name]]);
  return { ...body, ...(Object.fromEntries(given) as Record<string, string>) };
}

/** The answer without what may differ: time, request id, and the ids that were sent. */
async function ask(client: ApiClient, operation: Operation, body: unknown, idOf: (name: string) => string) {
  const path = filled(operation, idOf);
  const answer = await client.request(operation.method, path, body);
  const sent = [...path.split('/').slice(2), ...Object.values((body ?? {}) as Record<string, unknown>)].filter(
    (value): value is string => typeof value === 'string' && value.length >= 16,
  );
  let text = JSON.stringify({ ...answer.body, requestId: '', timestamp: '', instance: '' });
  for (const id of sent) text = text.replaceAll(id, '…');
  const headers = [...answer.headers].filter(
    ([name]) => !/^(date|x-request-id|x-ratelimit.*|content-length)$/.test(name),
  );
  return { status: answer.status, text, headers: Object.fromEntries(headers) };
}

function expectRefusal(
  operation: Operation,
  field: string,
  value: unknown,
  { status, body }: { status: number; body: Problem },
): void {
  const title = `${operation.id} ${field}=${JSON.stringify(value)?.slice(0, 60)}: ${JSON.stringify(body).slice(0, 400)}`;
  expect(status, title).toBeGreaterThanOrEqual(400);
  expect(status, title).toBeLessThan(500);
  if (body.code !== 'VALIDATION_FAILED') return;
  const top = field.split('.')[0] ?? '';
  expect(
    body.errors?.some(({ path }) => path === field || path.split('.')[0] === top),
    title,
  ).toBe(true);
}
