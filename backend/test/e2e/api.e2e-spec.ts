import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../scenario/api-client.js';
import { Platform } from '../scenario/platform.js';

/** What everybody on the machine can see. */
function commandLines(): string {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // it has ended
      }
    })
    .join('\n');
}

describe('the API', () => {
  const platform = new Platform({ MAX_ENVIRONMENTS_PER_USER: '3' });
  let client: ApiClient;

  beforeAll(async () => {
    await platform.start();
    client = await platform.client();
  });
  afterAll(() => platform.stop());

  it('must refuse every key that does not work with one identical answer', async () => {
    const { keyId } = await client.ok<{ key: { keyId: string } }>('GET', '/auth/me').then(({ key }) => key);
    const expiring = await platform.key('create', '--telegram-id', '1', '--scopes', 'ALL', '--expires-in', '1s');
    const revoked = await platform.client();
    const { key } = await revoked.ok<{ key: { keyId: string } }>('GET', '/auth/me');
    await client.ok('POST', '/auth/revoke', { keyId: key.keyId });
    await new Promise((resolve) => setTimeout(resolve, 1100)); // the key's life, not a state to wait for
    const keys = [
      '',
      'nonsense',
      `rw_prod_${keyId}.wrongwrongwrong1`,
      'rw_prod_aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb',
      expiring,
      revoked.apiKey,
    ];
    const bodies = await Promise.all(
      keys.map(async (apiKey) => {
        const { status, body } = await new ApiClient(platform.baseUrl, apiKey).request('GET', '/environments');
        expect(status).toBe(401);
        return JSON.stringify(body).replace(/"(requestId|timestamp)":"[^"]*"/g, '');
      }),
    );
    expect(new Set(bodies).size).toBe(1);
    expect((await fetch(`${platform.baseUrl}/environments?apiKey=${client.apiKey}`)).status).toBe(401);
  });

  it('must make a revocation effective within a second, also from the host', async () => {
    const other = await platform.client();
    const { key } = await other.ok<{ key: { keyId: string } }>('GET', '/auth/me');
    await platform.key('revoke', key.keyId);
    // Also one that looks like an option.
    await expect(platform.key('revoke', '-8-TDebYk1bTfnYG')).rejects.toThrow('API key -8-TDebYk1bTfnYG does not exist');
    expect((await other.request('GET', '/auth/me')).status).toBe(401);
    expect(
      (await client.ok<{ keys: { keyId: string }[] }>('GET', '/auth/keys')).keys.map(({ keyId }) => keyId),
    ).not.toContain(key.keyId);
  });

  it("must not revoke without a keyId, and not somebody else's key", async () => {
    const stranger = await platform.client('2');
    const { key } = await stranger.ok<{ key: { keyId: string } }>('GET', '/auth/me');
    expect(await client.request('POST', '/auth/revoke', {})).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ path: 'keyId' }] },
    });
    expect(await client.request('POST', '/auth/revoke', { keyId: key.keyId })).toMatchObject({
      status: 404,
      body: { code: 'API_KEY_NOT_FOUND' },
    });
    expect((await stranger.request('GET', '/auth/me')).status).toBe(200);
  });

  it('must name the scope that a key lacks', async () => {
    const reader = await platform.client('3', 'ENVIRONMENTS_READ');
    expect(await reader.request('POST', '/environments', { name: 'x' })).toMatchObject({
      status: 403,
      body: { code: 'INSUFFICIENT_SCOPE', required: ['ENVIRONMENTS_WRITE'] },
    });
    expect((await reader.request('GET', '/environments')).status).toBe(200);
  });

  it('must name every wrong field of a body, and change nothing', async () => {
    const wrong: [body: unknown, paths: string[]][] = [
      [{}, ['environmentId', 'image']],
      [{ environmentId: 'x', image: 'nginx', surprise: 1 }, ['surprise']],
      [{ environmentId: 'x', image: 'UPPER CASE' }, ['image']],
      [{ environmentId: 'x', image: 'nginx:a', tag: 'b' }, ['tag']],
      [{ environmentId: 'x', image: 'nginx', replicas: 0 }, ['replicas']],
      [
        { environmentId: 'x', image: 'nginx', ports: [{ container: 0 }, { container: 80, host: 80 }] },
        ['ports.0.container'],
      ],
      [{ environmentId: 'x', image: 'nginx', ports: [{ container: 80, host: 80 }] }, ['ports.0.host']],
      [{ environmentId: 'x', image: 'nginx', ports: [{ container: 80 }, { container: '80' }] }, ['ports.1.container']],
      [{ environmentId: 'x', image: 'nginx', replicas: 2, ports: [{ container: 80, host: 8080 }] }, ['replicas']],
      [{ environmentId: 'x', image: 'nginx', envVars: { 'BAD=': 'x', '1.GOOD-NAME': 'x' } }, ['envVars.BAD=']],
      [{ environmentId: 'x', image: 'nginx', envVars: { NUMBER: 1 } }, ['envVars.NUMBER']],
      [
        { environmentId: 'x', image: 'nginx', volumes: [{ name: '../etc', path: 'data' }] },
        ['volumes.0.name', 'volumes.0.path'],
      ],
      [{ environmentId: 'x', image: 'nginx', volumes: [{ name: 'a', path: '/proc/1' }] }, ['volumes.0.path']],
      [{ environmentId: 'x', image: 'nginx', volumes: [{ name: 'a', path: '/a/../../etc' }] }, ['volumes.0.path']],
      [{ environmentId: 'x', image: 'nginx', healthCheck: { path: '/' } }, ['healthCheck.port']],
      [
        { environmentId: 'x', image: 'nginx', healthCheck: { tcpPort: 80, command: ['true'] } },
        ['healthCheck.command'],
      ],
      [{ environmentId: 'x', image: 'nginx', resources: { memoryMb: 1_000_000 } }, ['resources.memoryMb']],
      [{ environmentId: 'x', image: 'nginx', command: 'rm -rf /' }, ['command']],
      [{ environmentId: 'x', image: 'nginx', name: 'Not-A-Label' }, ['name']],
      [{ environmentId: 5, image: null }, ['environmentId', 'image']],
      [
        { environmentId: 'x', image: 'nginx', registryAuth: { username: '' } },
        ['registryAuth.username', 'registryAuth.password'],
      ],
    ];
    for (const [body, paths] of wrong) {
      const answer = await client.request('POST', '/deployments', body);
      expect(answer.status, JSON.stringify(body)).toBe(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body.errors?.map(({ path }) => path).sort(), JSON.stringify(answer.body)).toEqual(
        [...paths].sort(),
      );
    }
  });

  it("must answer the framework's own errors as problems too", async () => {
    const malformed = await client.request('POST', '/environments', '{"name":');
    expect(malformed).toMatchObject({ status: 400, body: { code: 'MALFORMED_JSON', status: 400 } });
    expect(await client.request('GET', '/nowhere')).toMatchObject({
      status: 404,
      body: { code: 'ROUTE_NOT_FOUND', instance: '/nowhere' },
    });
    expect(
      await client.request('POST', '/environments', JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) })),
    ).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
    expect((await client.request('GET', '/deployments/%ZZ')).status).toBe(400);
  });

  it('must take a decent request id, make one otherwise, and give it on every answer', async () => {
    const given = await client.request('GET', '/environments', undefined, { 'X-Request-Id': 'my-request-1' });
    expect(given.headers.get('x-request-id')).toBe('my-request-1');
    const made = await client.request('GET', '/environments/none', undefined, { 'X-Request-Id': 'bad id!' });
    expect(made.headers.get('x-request-id')).toMatch(/^[\w-]{8,64}$/);
    expect(made.body.requestId).toBe(made.headers.get('x-request-id'));
  });

  it('must keep names of live environments apart, free them after the deletion, and hold the quota', async () => {
    const shop = await client.createEnvironment('shop');
    expect(await client.request('POST', '/environments', { name: 'shop' })).toMatchObject({
      status: 409,
      body: { code: 'ENVIRONMENT_NAME_TAKEN' },
    });
    await client.deleteEnvironment(shop.id);
    const names = ['shop', 'A', 'x'.repeat(32)];
    for (const name of names) await client.createEnvironment(name);
    expect(await client.request('POST', '/environments', { name: 'more' })).toMatchObject({
      status: 409,
      body: { code: 'ENVIRONMENT_QUOTA_EXCEEDED' },
    });
    for (const name of ['', '-a', 'a-', 'a b', 'ä', 'x'.repeat(33), '../x', 7, null]) {
      expect(await client.request('POST', '/environments', { name }), String(name)).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'name' }] },
      });
    }
    const firstPage = await client.ok<{ environments: { name: string }[]; nextCursor: string }>(
      'GET',
      '/environments?limit=2',
    );
    const secondPage = await client.ok<{ environments: { name: string }[]; nextCursor: null }>(
      'GET',
      `/environments?limit=2&cursor=${firstPage.nextCursor}`,
    );
    expect([...firstPage.environments, ...secondPage.environments].map(({ name }) => name)).toEqual(
      [...names].reverse(),
    );
    expect(secondPage.nextCursor).toBeNull();
    expect((await client.request('GET', '/environments?cursor=garbage')).status).toBe(400);
  });

  it('must hold no secret in its log, nor in the database in clear', async () => {
    const { environments } = await client.ok<{ environments: { id: string }[] }>('GET', '/environments');
    const canary = 'canary-5f2a9c';
    const body = {
      environmentId: environments[0]?.id ?? (await client.createEnvironment()).id,
      image: 'nosuch',
      envVars: { SECRET: canary },
      registryAuth: { username: 'u', password: canary },
    };
    const { jobId, deploymentId } = await client.deploy(body);
    expect(commandLines()).not.toContain(canary);
    const deployment = await client.settled(jobId);
    const paths = ['', '/logs', `/../job/${jobId}/events`];
    for (const path of paths)
      expect(JSON.stringify(await client.request('GET', `/deployments/${deploymentId}${path}`))).not.toContain(canary);
    const refused = await client.request('POST', '/deployments', {
      ...body,
      registryAuth: { username: 1, password: canary },
    });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).not.toContain(canary);
    expect(JSON.stringify(deployment)).not.toContain(canary);
    expect(platform.logs).not.toContain(canary);
    expect(platform.logs).not.toContain(client.apiKey.split('.')[1]);
    expect(await platform.dump()).not.toContain(canary);
  });

  it('must document every route with its schemas, and show it in Swagger UI', async () => {
    const document = (await (await fetch(`${platform.baseUrl}/api/docs-json`)).json()) as {
      paths: Record<
        string,
        Record<
          string,
          { operationId?: string; responses: Record<string, { content?: Record<string, { schema?: object }> }> }
        >
      >;
      components: { schemas: Record<string, { properties?: object }>; securitySchemes: object };
    };
    expect(Object.keys(document.components.securitySchemes)).toContain('api-key');
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
    );
    expect(operations.length).toBeGreaterThan(15);
    for (const { name, operationId, responses } of operations) {
      expect(operationId, name).toBeTruthy();
      for (const [status, { content }] of Object.entries(responses))
        expect(Object.values(content ?? {})[0]?.schema, `${name} ${status}`).toBeDefined();
    }
    expect(document.components.schemas['Deployment']?.properties).toHaveProperty('containers');
    const page = await (await fetch(`${platform.baseUrl}/api/docs`)).text();
    expect(page).toContain('<div id="swagger-ui">');
    const files = [...page.matchAll(/<script src="(?<file>[^"]+)"/g)].map(({ groups }) => groups?.['file'] ?? '');
    expect(files).toContain('./docs/swagger-ui-init.js');
    for (const file of files) {
      const script = await fetch(new URL(file, `${platform.baseUrl}/api/docs`));
      expect(script.status, file).toBe(200);
      expect(script.headers.get('content-type'), file).toContain('javascript');
      expect(await script.text(), file).not.toBe('');
    }
  });

  it('must answer its health routes without a key, and welcome at the root', async () => {
    expect(await (await fetch(`${platform.baseUrl}/health`)).json()).toMatchObject({
      status: 'ok',
      details: { database: { status: 'up' }, memory_heap: {}, memory_rss: {}, storage: {}, docker: { status: 'up' } },
    });
    for (const path of ['/health/live', '/health/ready'])
      expect((await fetch(platform.baseUrl + path)).status).toBe(200);
    expect(await (await fetch(`${platform.baseUrl}/`)).json()).toMatchObject({
      documentation: `${platform.baseUrl}/api/docs`,
    });
  });
});
