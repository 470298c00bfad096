import { createServer, connect, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { isDatabaseUnavailable } from '#src/common/filters/problem.js';
import { migrate } from '#src/core/database/migrator.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { OwnPostgres } from '../scenario/own-postgres.js';
import { eventually } from '../testbed/eventually.js';

const postgres = new OwnPostgres();
let connectionString: string;
let prisma: PrismaService;

beforeAll(async () => {
  connectionString = await postgres.start();
  await migrate(connectionString, path.resolve(import.meta.dirname, '../../prisma/migrations'));
  prisma = new PrismaService({ connectionString });
  await Promise.all([1, 2, 3].map(() => prisma.$queryRaw`SELECT 1`));
});
afterEach(() => postgres.signal('SIGCONT'));
afterAll(async () => {
  await prisma.$disconnect();
  await postgres.stop();
});

const OPERATIONS: ((db: PrismaService) => Promise<unknown>)[] = [
  (db) => db.platformSetting.findMany(),
  (db) => db.deployment.findMany({ include: { steps: true, environment: true } }),
  (db) => db.platformSetting.updateMany({ where: { name: 'x' }, data: { value: '2' } }),
  (db) => db.$queryRaw`SELECT 1`,
  (db) => db.$executeRaw`SELECT 1`,
  (db) => db.transaction((inside) => inside.platformSetting.findMany()),
  (db) => db.$transaction([db.platformSetting.findMany(), db.environment.findMany()]),
];

/** The error of the operation, and after how long. */
async function failure(operation: () => Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const begin = performance.now();
  const error: unknown = await operation().then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  return { error, ms: performance.now() - begin };
}

it('a PostgreSQL whose processes are stopped must count as unavailable within 5 s, for every operation', async () => {
  const cold = new PrismaService({ connectionString });
  const repository = new DeploymentsRepository(prisma);
  postgres.signal('SIGSTOP');
  const warm = await Promise.all(
    [...OPERATIONS, ...OPERATIONS, ...OPERATIONS].map((run) => failure(() => run(prisma))),
  );
  const started = await Promise.all(OPERATIONS.map((run) => failure(() => run(cold))));
  const queued = await Promise.all(
    Array.from({ length: 20 }, () => failure(() => repository.transaction((db) => db.platformSetting.findMany()))),
  );
  for (const { error, ms } of [...warm, ...started, ...queued]) {
    expect(isDatabaseUnavailable(error), String(error)).toBe(true);
    expect(ms).toBeLessThan(5000);
  }
  postgres.signal('SIGCONT');
  await eventually(async () => expect(await prisma.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]), 5000);
  await cold.$disconnect();
});

it('a connection that a firewall has forgotten must be replaced, with its lock and its subscriptions', async () => {
  const firewall = await Firewall.start(connectionString);
  const notifications = new PgNotifications(firewall.connectionString, { class: 1, key: 7 }, 200);
  const heard: string[] = [];
  notifications.on('key.revoked', ({ keyId }) => heard.push(keyId));
  notifications.on('reconnected', () => heard.push('reconnected'));
  const publish = (keyId: string) => notifications.publish(prisma, 'key.revoked', { keyId });
  await notifications.open();
  await publish('before');
  await eventually(() => expect(heard).toEqual(['before']), 5000);
  firewall.forget();
  await publish('meanwhile');
  await eventually(() => expect(heard).toEqual(['before', 'reconnected']), 10_000);
  await publish('after');
  await eventually(() => expect(heard).toEqual(['before', 'reconnected', 'after']), 5000);
  const holders = await prisma.$queryRaw<unknown[]>`
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 1::oid AND objid = 7::oid AND granted`;
  expect(holders).toHaveLength(1);
  await notifications.close();
  firewall.stop();
});

it('a connection in use must not be replaced', async () => {
  const notifications = new PgNotifications(connectionString, { class: 1, key: 8 }, 50);
  const heard: string[] = [];
  notifications.on('reconnected', () => heard.push('reconnected'));
  notifications.on('key.revoked', ({ keyId }) => heard.push(keyId));
  await notifications.open();
  const blockedUntil = performance.now() + 500;
  while (performance.now() < blockedUntil); // an event loop that is blocked for ten heartbeats
  await new Promise((resolve) => setTimeout(resolve, 500));
  await notifications.publish(prisma, 'key.revoked', { keyId: 'later' });
  await eventually(() => expect(heard).toEqual(['later']), 5000);
  await notifications.close();
});

/** Forwards connections to PostgreSQL. A connection that it has forgotten stays open on both sides and carries nothing. */
class Firewall {
  private readonly pairs: [Socket, Socket][] = [];

  private constructor(
    readonly connectionString: string,
    private readonly folder: string,
    private readonly server: Server,
  ) {}

  static async start(target: string): Promise<Firewall> {
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-firewall-'));
    const url = new URL(target);
    const socket = path.join(url.searchParams.get('host') ?? '', '.s.PGSQL.5432');
    url.searchParams.set('host', folder);
    const server = createServer();
    const firewall = new Firewall(url.href, folder, server);
    server.on('connection', (client) => {
      const upstream = connect(socket);
      client.on('error', () => undefined).pipe(upstream.on('error', () => undefined));
      upstream.pipe(client);
      firewall.pairs.push([client, upstream]);
    });
    await new Promise<void>((resolve) => server.listen(path.join(folder, '.s.PGSQL.5432'), resolve));
    return firewall;
  }

  forget(): void {
    for (const [client, upstream] of this.pairs.splice(0)) {
      client.unpipe(upstream);
      upstream.unpipe(client);
      client.resume();
      upstream.resume();
    }
  }

  stop(): void {
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
