/** @module-tag long */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encoded, HOSTILE, HOSTILE_TEXT } from '../scenario/hostile.js';
import { committedDocument, fieldsOf, type Operation, operationsOf } from '../scenario/openapi.js';
import { Platform } from '../scenario/platform.js';
import { Random } from '../scenario/random.js';

/** The long form: `BERTH_FUZZ=20000 script/test e2e -t fuzz`. A failure names the seed that repeats it. */
const REQUESTS = Number(process.env['BERTH_FUZZ'] ?? 1500);
const SEED = Number(process.env['BERTH_FUZZ_SEED'] ?? Date.now() % 1_000_000);
const AT_ONCE = 16;
const NOBODY = 'cl0000000000000000000000x';

describe('fuzz', () => {
  const platform = new Platform({ LOG_LEVEL: 'error' });
  const document = committedDocument();
  const operations = operationsOf(document).filter(({ id }) => id !== 'streamDeploymentEvents');

  beforeAll(() => platform.start());
  afterAll(() => platform.stop());

  it(`must answer ${REQUESTS} random requests without a fault, and make nothing of them (seed ${SEED})`, async () => {
    const client = await platform.client('1', 'ENVIRONMENTS_READ,DEPLOYMENTS_READ,DEPLOYMENTS_WRITE,LOGS_READ');
    const random = new Random(SEED);
    const before = await platform.counts();
    const statuses = new Map<number, number>();
    const one = async () => {
      const { method, path, body, headers } = requestOf(random, random.pick(operations));
      const answer = await client
        .request(method, path, body, headers)
        .catch((error: unknown) => ({ status: 0, body: error }));
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const title = `seed ${SEED}: ${method} ${path.slice(0, 200)} ${JSON.stringify(body)?.slice(0, 300)} ${JSON.stringify(answer.body)?.slice(0, 300)}`;
      expect(answer.status, title).toBeGreaterThanOrEqual(200);
      expect(answer.status, title).toBeLessThan(500);
    };
    for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, one));
    expect(await platform.counts()).toEqual(before);
    expect([...statuses.keys()].some((status) => status === 400)).toBe(true);
    expect((await client.request('GET', '/environments')).status).toBe(200);
  });

  function requestOf(random: Random, operation: Operation) {
    const path = operation.path.replace(/\{\w+\}/g, () =>
      encoded(random.chance(0.5) ? NOBODY : random.mangled(random.pick(HOSTILE_TEXT))),
    );
    const query = operation.parameters
      .filter(({ in: place }) => place === 'query' && random.chance(0.5))
      .map(({ name }) => `${name}=${encoded(random.mangled(random.pick(HOSTILE_TEXT)))}`);
    const headers: Record<string, string> = random.chance(0.1)
      ? {
          'Idempotency-Key': 'x'.repeat(random.below(300)) || ' ',
          'Content-Type': random.pick(['text/plain', 'application/json', '']),
        }
      : {};
    return {
      method: operation.method,
      path: path + (query.length > 0 ? `?${query.join('&')}` : ''),
      body: bodyOf(random, operation),
      headers,
    };
  }

  function bodyOf(random: Random, operation: Operation): unknown {
    const [example] = operation.examples;
    if (!example || !operation.body) return undefined;
    let body: Record<string, unknown> = { ...example, ...('environmentId' in example && { environmentId: NOBODY }) };
    for (let change = 0; change <= random.below(4); change++)
      body = random.pick(fieldsOf(document, operation.body, body)).with(random.value(HOSTILE));
    if (random.chance(0.1)) return random.mangled(JSON.stringify(body));
    if (random.chance(0.05)) return random.value(HOSTILE);
    return body;
  }
});
