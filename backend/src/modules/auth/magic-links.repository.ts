import { Injectable } from '@nestjs/common';
import type { Scope } from '#src/common/decorators/access.js';
import { newId } from '#src/common/time/id-source.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';

const LINK_TTL_SECONDS = 15 * 60;

export interface LinkRequest {
  userId: string;
  scopes: Scope[];
  /** TTL of the key; null: it does not expire */
  keyExpiresInSeconds: number | null;
  keyName: string | null;
  /** Environments that the key is bound to; none: all of the user's. */
  environmentIds: string[];
}

export interface UsedLink extends LinkRequest {
  id: string;
  usedAt: Date;
}

export type LinkState = 'usable' | 'used' | 'expired' | 'voided';

export interface LinkView {
  id: string;
  state: LinkState;
  scopes: Scope[];
  keyExpiresInSeconds: number | null;
  keyName: string | null;
  environmentIds: string[];
  messageId: number | null;
  telegramId: string;
}

/** Stores magic links. The database's clock decides when they expire. `hash` is the SHA-256 of the token. */
@Injectable()
export class MagicLinksRepository {
  constructor(private readonly prisma: PrismaService) {}

  get db(): Db {
    return this.prisma;
  }

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.prisma.transaction(run);
  }

  async create(
    db: Db,
    hash: string,
    link: LinkRequest & { messageId: number | null },
  ): Promise<{ id: string; expiresAt: Date }> {
    const { userId, scopes, keyExpiresInSeconds, keyName, environmentIds, messageId } = link;
    const [row] = await db.$queryRaw<{ id: string; expiresAt: Date }[]>`
      INSERT INTO "MagicLink" (id, token, scopes, "userId", "expiresAt", "keyExpiresInSeconds", "messageId",
        "keyName", "environmentIds")
      VALUES (${newId()}, ${hash}, ${scopes}::"Scope"[], ${userId}, now() + ${LINK_TTL_SECONDS} * interval '1 second',
        ${keyExpiresInSeconds}, ${messageId}, ${keyName}, ${environmentIds}::text[])
      RETURNING id, "expiresAt"`;
    if (!row) throw new Error('INSERT INTO "MagicLink" returned no row');
    return row;
  }

  /**
   * Voids the user's usable links and returns their ids. Detaches the message `messageId`: a newer link will use it.
   */
  async void(db: Db, userId: string, messageId: number | null): Promise<string[]> {
    const rows = await db.$queryRaw<{ id: string }[]>`
      UPDATE "MagicLink" SET "voidedAt" = now(), "messageId" = NULLIF("messageId", ${messageId}::int)
      WHERE "userId" = ${userId} AND "usedAt" IS NULL AND "voidedAt" IS NULL AND "expiresAt" > now() RETURNING id`;
    return rows.map(({ id }) => id);
  }

  /** Marks the link as used, for the first caller only; undefined when it is used, voided, expired or unknown. */
  async use(db: Db, hash: string): Promise<UsedLink | undefined> {
    const rows = await db.$queryRaw<UsedLink[]>`
      UPDATE "MagicLink" SET "usedAt" = now()
      WHERE token = ${hash} AND "usedAt" IS NULL AND "voidedAt" IS NULL AND "expiresAt" > now()
      RETURNING id, "userId", scopes::text[], "keyExpiresInSeconds", "keyName", "environmentIds", "usedAt"`;
    return rows[0];
  }

  byToken(hash: string): Promise<LinkView | undefined> {
    return this.find('token', hash);
  }

  byId(id: string): Promise<LinkView | undefined> {
    return this.find('id', id);
  }

  /** Deletes links and pairing codes a day after they expire; until then their state can be shown. */
  async deleteExpired(): Promise<void> {
    await this.prisma.$executeRaw`DELETE FROM "MagicLink" WHERE "expiresAt" < now() - interval '1 day'`;
    await this.prisma.$executeRaw`DELETE FROM "PairingCode" WHERE "expiresAt" < now() - interval '1 day'`;
  }

  private async find(column: 'token' | 'id', value: string): Promise<LinkView | undefined> {
    const where = column === 'token' ? { token: value } : { id: value };
    const link = await this.prisma.magicLink.findUnique({ where, include: { user: true } });
    if (!link) return undefined;
    const [clock] = await this.prisma.$queryRaw<{ now: Date }[]>`SELECT now()`;
    const { id, scopes, keyExpiresInSeconds, keyName, environmentIds, messageId, user } = link;
    return {
      id,
      state: stateOf(link, clock?.now ?? new Date()),
      scopes,
      keyExpiresInSeconds,
      keyName,
      environmentIds,
      messageId,
      telegramId: user.telegramId,
    };
  }
}

function stateOf(link: { usedAt: Date | null; voidedAt: Date | null; expiresAt: Date }, now: Date): LinkState {
  if (link.usedAt) return 'used';
  if (link.voidedAt) return 'voided';
  return link.expiresAt > now ? 'usable' : 'expired';
}
