import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '#src/core/database/migrator.js';
import { isDatabaseUnavailable } from '#src/common/filters/problem.js';
import { type Db, POOL_SIZE, PrismaService } from '#src/core/database/prisma.service.js';
import { OwnPostgres } from '../scenario/own-postgres.js';

const postgres = new OwnPostgres();
let prisma: PrismaService;

beforeAll(async () => {
  const connectionString = await postgres.start();
  await migrate(connectionString, path.resolve(import.meta.dirname, '../../prisma/migrations'));
  prisma = new PrismaService({ connectionString });
  await prisma.platformSetting.createMany({ data: ['one', 'two'].map((name) => ({ name, value: '0' })) });
});

afterAll(async () => {
  await prisma.$disconnect();
  await postgres.stop();
});

const typed = (db: Db, name: string, value: string) => db.platformSetting.update({ where: { name }, data: { value } });
const raw = (db: Db, name: string, value: string) =>
  db.$executeRaw`UPDATE "PlatformSetting" SET value = ${value} WHERE name = ${name}`;

it.each([
  ['queries', typed],
  ['raw queries', raw],
])('two transactions that wait for each other must both be done, each once, with %s', async (_kind, write) => {
  const both = barrier(2);
  let attempts = 0;
  const change = (value: string, first: string, second: string) =>
    prisma.transaction(async (db) => {
      attempts += 1;
      await write(db, first, value);
      await both();
      await write(db, second, value);
    });
  await Promise.all([change('a', 'one', 'two'), change('b', 'two', 'one')]);
  // Three, or more where the one that is run again meets the other a second time.
  expect(attempts).toBeGreaterThanOrEqual(3);
  const rows = await prisma.platformSetting.findMany({ where: { name: { in: ['one', 'two'] } } });
  expect(new Set(rows.map(({ value }) => value)).size).toBe(1);
});

it.each([
  ['a raw query', raw],
  ['a query', typed],
])('%s that waits too long for a lock must count as an unavailable database', async (_kind, write) => {
  const { promise: end, resolve: release } = Promise.withResolvers<undefined>();
  const isLocked = barrier(2);
  const holder = prisma.$transaction(async (db) => {
    await raw(db, 'one', 'held');
    await isLocked();
    await end;
  });
  await isLocked();
  const outcome = await prisma
    .transaction(async (db) => {
      await write(db, 'one', 'x');
    })
    .catch((error: unknown) => error);
  release(undefined);
  await holder.catch(() => undefined);
  expect(isDatabaseUnavailable(outcome), String(outcome)).toBe(true);
});

it('who finds no free connection in time must hear of a database that is away, and the next one goes on', async () => {
  const { promise: end, resolve: endAll } = Promise.withResolvers<undefined>();
  const begun = barrier(POOL_SIZE + 1);
  const held = Array.from({ length: POOL_SIZE }, () =>
    prisma.$transaction(async (db) => {
      await db.platformSetting.count();
      await begun();
      await end;
    }),
  );
  await begun();
  const outcome = await prisma.platformSetting.count().catch((error: unknown) => error);
  endAll(undefined);
  await Promise.all(held);
  expect(isDatabaseUnavailable(outcome)).toBe(true);
  expect(await prisma.platformSetting.count()).toBe(2);
});

/** Waits until so many have come; nobody waits who comes later. */
function barrier(count: number): () => Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return () => {
    if (--count <= 0) resolve(undefined);
    return promise;
  };
}
