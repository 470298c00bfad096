import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { committedDocument, type Operation, operationsOf } from '../scenario/openapi.js';
import { Platform } from '../scenario/platform.js';
import type { Problem } from '../scenario/api-client.js';

const METRICS_TOKEN = 'a-token-of-metrics';
/** What froze the process took 4 s and more. Alone it is below 0.2 s, but other tests share the cores. */
const MAX_DELAY_SECONDS = 1;
const MAX_GROWTH_BYTES = 100 * 2 ** 20;
const UNKNOWN_ID = 'cl0000000000000000000000x';
/** Streams that a hostile query does not end. */
const operations = operationsOf(committedDocument()).filter(({ id }) => id !== 'streamDeploymentEvents');

const object = (entries: string[]) => `{${entries.join(',')}}`;
const names = (count: number, value: string) =>
  object(Array.from({ length: count }, (_, index) => `"name${index}":${value}`));

/** Bodies that no route accepts, whatever its fields are. */
const BODIES: Record<string, string> = {
  '25,000 unknown names': names(25_000, '1'),
  '60,000 unknown names': names(60_000, '"x"'),
  '5,000 levels of lists': `{"name":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  '100,000 levels of objects': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'a list of 330,000 elements': `{"ports":[${'1,'.repeat(330_000)}1]}`,
  'lists of lists': `{"ports":[${`[${'1,'.repeat(900)}1],`.repeat(500)}1]}`,
  'a text of 1 MB': `{"surprise":"${'x'.repeat(1_000_000)}"}`,
  'a name of 1 MB': `{"${'x'.repeat(1_000_000)}":1}`,
  'escapes of 1 MB': `{"surprise":"${'\\u0041'.repeat(160_000)}"}`,
  NUL: '{"surprise":"a\\u0000b"}',
  'NUL in a name': '{"a\\u0000":1}',
  'half a surrogate pair': '{"surprise":"\\ud800"}',
  'half a surrogate pair in a name': '{"\\udfff":1}',
  __proto__: '{"__proto__":{"isAdmin":true}}',
  constructor: '{"constructor":{"prototype":{"isAdmin":true}}}',
  prototype: '{"prototype":1}',
  toString: '{"toString":1}',
  hasOwnProperty: '{"hasOwnProperty":1}',
  'no end': `{"a":${'['.repeat(400_000)}`,
  'no JSON': '{"a":',
  '2 MB': `{"surprise":"${'x'.repeat(2_000_000)}"}`,
};

const QUERIES: Record<string, string> = {
  '5,000 names': Array.from({ length: 5000 }, (_, index) => index.toString(36))
    .join('&')
    .slice(0, 15_000),
  '20 KB': `a=${'x'.repeat(20_000)}`,
  'names in names': `a${'[a]'.repeat(1000)}=1&${'b[]=1&'.repeat(500)}`,
  NUL: 'limit=%00',
  __proto__: '__proto__[isAdmin]=1&__proto__=1',
  constructor: 'constructor=1',
};

const PATHS = ['%', '%zz', '%ff', '%E0%A4%A', '%00', '%2e%2e%2f'.repeat(500)];

interface Answer {
  status: number;
  type: string;
  problem: Problem;
}

/** Generated from the OpenAPI document: a route that is added is tested. */
describe('hostile requests', () => {
  const platform = new Platform({ LOG_LEVEL: 'error', METRICS_TOKEN });
  let apiKey = '';

  beforeAll(async () => {
    await platform.start();
    ({ apiKey } = await platform.client(
      '1',
      'ENVIRONMENTS_READ,ENVIRONMENTS_WRITE,DEPLOYMENTS_READ,DEPLOYMENTS_WRITE,LOGS_READ',
    ));
    for (const operation of operations) await send(operation.method, pathOf(operation), '{}'); // loads what they use
    await delay();
  });
  afterAll(() => platform.stop());

  it.each([
    ['with a key', true],
    ['without a key', false],
  ])('must each be refused within the time and memory of any other, %s', async (_title, hasKey) => {
    const before = await platform.counts();
    let memory = residentBytes();
    const start = memory;
    for (const operation of operations.filter(({ method }) => method !== 'GET')) {
      if (operation.path === '/uploads') continue;
      for (const [title, body] of Object.entries(BODIES))
        expectRefused(`${operation.id}, ${title}`, await send(operation.method, pathOf(operation), body, hasKey));
      memory = Math.max(memory, residentBytes());
    }
    await expectResponsive();
    expect(memory - start).toBeLessThan(MAX_GROWTH_BYTES);
    expect(await platform.counts()).toEqual(before);
  });

  it('must be refused in the fields of a route, too, by their name', async () => {
    for (const operation of operations) {
      const [example] = operation.examples;
      if (!example || operation.id === 'deliverHook') continue;
      const fields = Object.keys(operation.body?.properties ?? {});
      for (const field of fields) {
        const others = { ...example, ...('environmentId' in example && { environmentId: UNKNOWN_ID }) };
        for (const value of ['"\\u0000"', '"\\ud800"', '['.repeat(5000) + ']'.repeat(5000), names(3000, '1')]) {
          const rest = JSON.stringify({ ...others, [field]: undefined }).slice(1, -1);
          const body = `{"${field}":${value}${rest ? `,${rest}` : ''}}`;
          const answer = await send(operation.method, pathOf(operation), body);
          expectRefused(`${operation.id}, ${field}`, answer);
          // Without a key 16 KiB are too much, whatever is in them.
          if (answer.status === 413) continue;
          expect(answer.problem.errors?.[0]?.path.split('.')[0], `${operation.id}, ${field}`).toBe(field);
        }
        if (field === 'ttlSeconds') continue; // null: no expiry
        const nothing = await send(operation.method, pathOf(operation), JSON.stringify({ ...others, [field]: null }));
        expectRefused(`${operation.id}, ${field} null`, nothing);
        expect(
          nothing.problem.errors?.map(({ path }) => path),
          `${operation.id}, ${field} null`,
        ).toContain(field);
      }
    }
    await expectResponsive();
  });

  it('must be refused in queries and paths, too', async () => {
    for (const operation of operations) {
      for (const [title, query] of Object.entries(QUERIES)) {
        const answer = await send(operation.method, `${pathOf(operation)}?${query}`, undefined);
        expectRefused(`${operation.id}, ${title}`, answer);
      }
      for (const text of PATHS) {
        const path = pathOf(operation, text);
        if (path === operation.path) continue;
        expectRefused(`${operation.id}, ${text.slice(0, 20)}`, await send(operation.method, path, undefined));
      }
    }
    await expectResponsive();
  });

  async function expectResponsive(): Promise<void> {
    expect(await delay()).toBeLessThan(MAX_DELAY_SECONDS);
  }

  /** The longest delay of the event loop since the last call, in seconds. */
  async function delay(): Promise<number> {
    const answer = await fetch(`${platform.baseUrl}/metrics`, {
      headers: { authorization: `Bearer ${METRICS_TOKEN}` },
    });
    const [, seconds] = /berth_event_loop_delay_seconds\{statistic="max"\} (\S+)/.exec(await answer.text()) ?? [];
    return Number(seconds);
  }

  function residentBytes(): number {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${platform.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  /** A path is sent as it is, which fetch would not do. */
  function send(method: string, path: string, body: string | undefined, hasKey = true): Promise<Answer> {
    const length =
      body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const headers = { ...(hasKey && { 'X-API-Key': apiKey }), ...length };
    return new Promise((resolve, reject) => {
      const call = request({ port: platform.port, method, path, headers, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          const type = response.headers['content-type'] ?? '';
          const problem = (type.includes('json') ? JSON.parse(text) : {}) as Problem;
          resolve({ status: response.statusCode ?? 0, type, problem });
        });
      });
      // A body that is refused early may still be on its way when the connection closes.
      call.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? undefined : reject(error)));
      call.end(body);
    });
  }
});

function pathOf({ path }: Operation, value = UNKNOWN_ID): string {
  return path.replace(/\{\w+\}/g, () => value);
}

function expectRefused(title: string, { status, type, problem }: Answer): void {
  const said = `${title}: ${status} ${JSON.stringify(problem).slice(0, 300)}`;
  expect(status, said).toBeGreaterThanOrEqual(400);
  expect(status, said).toBeLessThan(500);
  expect(type, said).toContain('application/problem+json');
  expect(problem.requestId, said).toMatch(/^[\w-]{8,64}$/);
  expect(problem.errors?.length ?? 0, said).toBeLessThanOrEqual(50);
}
