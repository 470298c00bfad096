import { Socket } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NextFreePool } from '../../src/core/database/next-free-pool.js';
import { OwnPostgres } from '../scenario/own-postgres.js';

const postgres = new OwnPostgres();
let connectionString: string;

beforeAll(async () => {
  connectionString = await postgres.start();
});
afterAll(() => postgres.stop());

describe('who waits for a connection', () => {
  let pool: NextFreePool;
  let opens = true;

  const poolOf = (max: number, more: object = {}) => {
    opens = true;
    pool = new NextFreePool({
      connectionString,
      max,
      connectionTimeoutMillis: 1000,
      stream: () => (opens ? new Socket() : new Unheard()),
      ...more,
    });
    return pool;
  };
  afterEach(() => pool.end());

  it('must get the one that is free first, not the one that is being opened', async () => {
    const first = await poolOf(2).connect();
    opens = false;
    const second = pool.connect();
    const third = pool.query<{ one: number }>('SELECT 1 AS one');
    first.release();
    expect(await second).toBe(first);
    (await second).release();
    expect((await third).rows).toEqual([{ one: 1 }]);
  });

  it('must get the one that was opened, when none is free before', async () => {
    const first = await poolOf(2).connect();
    const second = await pool.connect();
    expect(second).not.toBe(first);
    for (const client of [first, second]) client.release();
  });

  it('must hear after some time that none was free, as of a database that is away, and the others go on', async () => {
    const only = await poolOf(1).connect();
    await expect(pool.connect()).rejects.toMatchObject({ code: 'ETIMEDOUT', syscall: 'connect' });
    const next = pool.connect();
    only.release();
    (await next).release();
  });

  it('must get a new one for one that broke', async () => {
    const only = await poolOf(1).connect();
    const next = pool.query<{ one: number }>('SELECT 1 AS one');
    only.release(new Error('broken'));
    expect((await next).rows).toEqual([{ one: 1 }]);
  });

  it('must hear when none can be opened', async () => {
    poolOf(2, { connectionString: undefined, host: path.join(postgres.folder, 'nowhere') });
    const outcomes = await Promise.allSettled([pool.connect(), pool.query('SELECT 1')]);
    expect(outcomes).toMatchObject([{ reason: { code: 'ENOENT' } }, { reason: { code: 'ENOENT' } }]);
  });
});

/** Nobody answers at the other end. */
class Unheard extends Socket {
  override connect(): this {
    return this;
  }
}
