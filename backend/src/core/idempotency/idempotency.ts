import { createHmac } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import type { IdempotencyKey } from '#src/generated/prisma/client.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';

/** Stores the response of an idempotent request in the transaction that does its work. */
export interface IdempotencyReservation {
  /**
   * Call it first in that transaction: of concurrent requests one proceeds, and the others wait here and return its
   * response.
   */
  reserve(db: Db): Promise<void>;
  /**
   * With `unfinished`, the id of the created resource, the work continues after this transaction until `complete` or
   * `release`.
   */
  storeResponse(db: Db, answer: object, unfinished?: string): Promise<void>;
  complete(): Promise<void>;
  release(): Promise<void>;
}

const TTL_MS = 24 * 3_600_000;

type StoredResponse = { answer: string; unfinished?: string };

/** Another request has reserved this key. The error rolls the transaction back. */
class KeyConflict extends Error {}

/**
 * Returns the first response to requests with the same key and body within 24 hours. Only successes are stored: a
 * failure changed nothing and may be retried.
 */
@Injectable()
export class Idempotency implements OnModuleInit {
  constructor(
    private readonly prisma: PrismaService,
    private readonly secrets: SecretBox,
    private readonly clock: Clock,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    this.worker.register('idempotency.forget', () => this.removeExpired());
    this.worker.schedule('idempotency.forget', '7 * * * *');
  }

  async execute<T extends object>(
    request: IdempotentRequest | undefined,
    work: (reservation: IdempotencyReservation) => Promise<T>,
  ): Promise<{ answer: T; replayed: boolean }> {
    if (!request) return { answer: await work(NO_RESERVATION), replayed: false };
    const known = await this.find(request);
    if (known) return { answer: this.replay(known, request) as T, replayed: true };
    try {
      return { answer: await work(this.reservationOf(request)), replayed: false };
    } catch (error) {
      if (!(error instanceof KeyConflict)) throw error;
      const first = await this.find(request);
      if (!first) throw inFlight();
      return { answer: this.replay(first, request) as T, replayed: true };
    }
  }

  /**
   * Completes the reservation of an unfinished resource that is created after a crash; its stored response becomes
   * valid.
   */
  async completeFor(db: Db, unfinished: string): Promise<void> {
    await db.idempotencyKey.updateMany({
      where: { statusCode: null, response: { path: ['unfinished'], equals: unfinished } },
      data: { statusCode: 201 },
    });
  }

  private reservationOf(request: IdempotentRequest): IdempotencyReservation {
    const { userId, operation, key } = request;
    const own = { userId_operation_key: { userId, operation, key } };
    return {
      reserve: async (db) => {
        await db.idempotencyKey.deleteMany({ where: { userId, operation, key, createdAt: { lt: this.horizon() } } });
        const { count } = await db.idempotencyKey.createMany({
          data: { userId, operation, key, requestHash: this.hash(request), createdAt: this.clock.now() },
          skipDuplicates: true,
        });
        if (count === 0) throw new KeyConflict();
      },
      storeResponse: async (db, answer, unfinished) => {
        // As text, because jsonb does not keep the order of fields.
        const response: StoredResponse = { answer: JSON.stringify(answer), ...(unfinished && { unfinished }) };
        await db.idempotencyKey.update({ where: own, data: { response, statusCode: unfinished ? null : 201 } });
      },
      complete: async () => {
        await this.prisma.idempotencyKey.update({ where: own, data: { statusCode: 201 } });
      },
      release: async () => {
        await this.prisma.idempotencyKey.deleteMany({ where: { userId, operation, key } });
      },
    };
  }

  private find({ userId, operation, key }: IdempotentRequest): Promise<IdempotencyKey | null> {
    return this.prisma.idempotencyKey.findFirst({
      where: { userId, operation, key, createdAt: { gte: this.horizon() } },
    });
  }

  private replay(known: IdempotencyKey, request: IdempotentRequest): unknown {
    if (known.requestHash !== this.hash(request))
      throw new DomainError('IDEMPOTENCY_KEY_REUSED', {
        detail: 'This Idempotency-Key was used with another body.',
        hint: 'Choose a new key for a new request.',
      });
    if (known.statusCode === null) throw inFlight();
    return JSON.parse((known.response as StoredResponse).answer);
  }

  /** Keyed hash, because secrets in bodies could be guessed from a plain hash. */
  private hash({ body }: IdempotentRequest): string {
    return createHmac('sha256', this.secrets.subkey('idempotency')).update(canonical(body)).digest('base64url');
  }

  private async removeExpired(): Promise<void> {
    await this.prisma.idempotencyKey.deleteMany({ where: { createdAt: { lt: this.horizon() } } });
  }

  private horizon(): Date {
    return new Date(this.clock.now().getTime() - TTL_MS);
  }
}

const nothing = () => Promise.resolve();
const NO_RESERVATION: IdempotencyReservation = {
  reserve: nothing,
  storeResponse: nothing,
  complete: nothing,
  release: nothing,
};

function inFlight(): DomainError {
  return new DomainError('IDEMPOTENCY_IN_FLIGHT', {
    detail: 'The first request with this Idempotency-Key is still in progress.',
    hint: 'Try again in a moment.',
  });
}

/** JSON that does not depend on the order of an object's fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
