import { constants } from 'node:os';
import pg from 'pg';

type Waiting = PromiseWithResolvers<pg.PoolClient>;

/**
 * Who waits gets the connection that is free next. The library's pool binds him to the one that it opens for him, which takes up to 100 ms on a
 * machine that is busy, when others come back after a few (pg-pool 3.14, `newClient`).
 */
export class NextFreePool extends pg.Pool {
  private readonly waiting = new Set<Waiting>();
  private isOpening = false;

  constructor(private readonly config: pg.PoolConfig & { max: number; connectionTimeoutMillis: number }) {
    super(config);
    // Said before it is among the idle ones.
    this.on('release', () => process.nextTick(() => this.serve()));
    this.on('remove', () => this.serve());
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Parameters<pg.Pool['connect']>[0]): void;
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | void {
    const given = this.hasIdle() && this.waiting.size === 0 ? super.connect() : this.nextFree();
    if (!callback) return given;
    given.then(
      (client) => callback(undefined, client, (error) => client.release(error as Error)),
      (error: unknown) => callback(error as Error, undefined, () => undefined),
    );
  }

  private nextFree(): Promise<pg.PoolClient> {
    const own: Waiting = Promise.withResolvers();
    const patience = setTimeout(() => {
      this.waiting.delete(own);
      own.reject(timedOut());
    }, this.config.connectionTimeoutMillis);
    this.waiting.add(own);
    this.serve();
    return own.promise.finally(() => clearTimeout(patience));
  }

  private serve(): void {
    while (this.waiting.size > 0 && this.hasIdle()) this.takeFirst()?.resolve(super.connect());
    if (this.waiting.size > 0 && !this.isOpening && this.totalCount < this.config.max) void this.open();
  }

  /** One at a time: until it is there, enough of the others may be free. */
  private async open(): Promise<void> {
    this.isOpening = true;
    try {
      const client = await super.connect();
      const first = this.takeFirst();
      if (first) first.resolve(client);
      else client.release();
    } catch (error) {
      this.takeFirst()?.reject(error);
    } finally {
      this.isOpening = false;
    }
    this.serve();
  }

  private takeFirst(): Waiting | undefined {
    const [first] = this.waiting;
    if (first) this.waiting.delete(first);
    return first;
  }

  /** Beside those that are promised to somebody. */
  private hasIdle(): boolean {
    return this.idleCount > this.waitingCount;
  }
}

/** As a socket says it, which is how the rest of us knows a database that is away. */
function timedOut(): Error {
  return Object.assign(new Error('no connection to the database in time'), {
    code: 'ETIMEDOUT',
    errno: -constants.errno.ETIMEDOUT,
    syscall: 'connect',
  });
}
