import { Injectable } from '@nestjs/common';
import { type Caller, ownedBy } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import { type DeployHook, Prisma } from '#src/generated/prisma/client.js';

const WITH_MAKER = {
  key: { select: { revokedAt: true, expiresAt: true } },
  environment: { select: { userId: true, user: { select: { access: true } } } },
} satisfies Prisma.DeployHookInclude;

/** A hook with what decides whether it may still deploy: the key that made it, and the environment's owner. */
export type OwnedHook = Prisma.DeployHookGetPayload<{ include: typeof WITH_MAKER }>;

/** Stores hooks and their deliveries. */
@Injectable()
export class HooksRepository {
  constructor(private readonly prisma: PrismaService) {}

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.prisma.transaction(run);
  }

  /** Throws HOOK_EXISTS. */
  async create(db: Db, data: Prisma.DeployHookUncheckedCreateInput): Promise<OwnedHook> {
    try {
      return await db.deployHook.create({ data, include: WITH_MAKER });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      throw new DomainError('HOOK_EXISTS', {
        detail: `${data.name} has a hook already.`,
        hint: 'Delete that one first.',
      });
    }
  }

  list(environmentId: string): Promise<OwnedHook[]> {
    const orderBy = { createdAt: 'desc' } as const;
    return this.prisma.deployHook.findMany({ where: { environmentId }, include: WITH_MAKER, orderBy });
  }

  find(caller: Caller, id: string): Promise<DeployHook | null> {
    return this.prisma.deployHook.findFirst({ where: { id, environment: ownedBy(caller) } });
  }

  /** A hook of any owner: the sender of a delivery has no key. */
  byId(id: string): Promise<OwnedHook | null> {
    return this.prisma.deployHook.findUnique({ where: { id }, include: WITH_MAKER });
  }

  async delete(db: Db, id: string): Promise<void> {
    await db.deployHook.deleteMany({ where: { id } });
  }

  async saveOutcome(id: string, lastDeliveryAt: Date, lastOutcome: string): Promise<void> {
    await this.prisma.deployHook.updateMany({ where: { id }, data: { lastDeliveryAt, lastOutcome } });
  }

  async hasDelivery(hookId: string, deliveryId: string): Promise<boolean> {
    const where = { hookId_deliveryId: { hookId, deliveryId } };
    return (await this.prisma.hookDelivery.findUnique({ where })) !== null;
  }

  /** Throws a unique violation (`isDuplicate`) when a concurrent delivery with the same id was first. */
  async addDelivery(db: Db, hookId: string, deliveryId: string): Promise<void> {
    await db.hookDelivery.create({ data: { hookId, deliveryId } });
  }

  async deleteDeliveriesBefore(time: Date): Promise<void> {
    await this.prisma.hookDelivery.deleteMany({ where: { receivedAt: { lt: time } } });
  }
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}
