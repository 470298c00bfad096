import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  HOSTILE_BODIES,
  HOSTILE_PATHS,
  HOSTILE_QUERIES,
  manyNames,
  pathOf,
  UNKNOWN_ID,
} from '../scenario/hostile-requests.js';
import { committedDocument, operationsOf } from '../scenario/openapi.js';
import { Platform } from '../scenario/platform.js';
import { type RawAnswer, sendRaw } from '../scenario/raw-request.js';

/** In their bodies null removes a field. */
const MERGE_PATCHES = new Set(['redeployDeployment', 'redeployByName', 'promoteDeployment']);
const METRICS_TOKEN = 'a-token-of-metrics';
/** What froze the process took 4 s and more. Alone it is below 0.2 s, but other tests share the cores. */
const MAX_DELAY_SECONDS = 1;
const MAX_GROWTH_BYTES = 100 * 2 ** 20;
/** Streams that a hostile query does not end. */
const operations = operationsOf(committedDocument()).filter(({ id }) => id !== 'streamDeploymentEvents');

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
    await platform.eventLoopDelay(METRICS_TOKEN);
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
      for (const [title, body] of Object.entries(HOSTILE_BODIES))
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
        for (const value of ['"\\u0000"', '"\\ud800"', '['.repeat(5000) + ']'.repeat(5000), manyNames(3000, '1')]) {
          const rest = JSON.stringify({ ...others, [field]: undefined }).slice(1, -1);
          const body = `{"${field}":${value}${rest ? `,${rest}` : ''}}`;
          const answer = await send(operation.method, pathOf(operation), body);
          expectRefused(`${operation.id}, ${field}`, answer);
          // Without a key 16 KiB are too much, whatever is in them.
          if (answer.status === 413) continue;
          expect(answer.problem.errors?.[0]?.path.split('.')[0], `${operation.id}, ${field}`).toBe(field);
        }
        if (field === 'ttlSeconds' || MERGE_PATCHES.has(operation.id)) continue; // null: no expiry, or the default
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
      for (const [title, query] of Object.entries(HOSTILE_QUERIES)) {
        const answer = await send(operation.method, `${pathOf(operation)}?${query}`, undefined);
        expectRefused(`${operation.id}, ${title}`, answer);
      }
      for (const text of HOSTILE_PATHS) {
        const path = pathOf(operation, text);
        if (path === operation.path) continue;
        expectRefused(`${operation.id}, ${text.slice(0, 20)}`, await send(operation.method, path, undefined));
      }
    }
    await expectResponsive();
  });

  async function expectResponsive(): Promise<void> {
    expect(await platform.eventLoopDelay(METRICS_TOKEN)).toBeLessThan(MAX_DELAY_SECONDS);
  }

  function residentBytes(): number {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${platform.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  function send(method: string, path: string, body: string | undefined, hasKey = true): Promise<RawAnswer> {
    return sendRaw(platform.port, { method, path, body, ...(hasKey && { apiKey }) });
  }
});

function expectRefused(title: string, { status, type, problem }: RawAnswer): void {
  const said = `${title}: ${status} ${JSON.stringify(problem).slice(0, 300)}`;
  expect(status, said).toBeGreaterThanOrEqual(400);
  expect(status, said).toBeLessThan(500);
  expect(type, said).toContain('application/problem+json');
  expect(problem.requestId, said).toMatch(/^[\w-]{8,64}$/);
  expect(problem.errors?.length ?? 0, said).toBeLessThanOrEqual(50);
}
