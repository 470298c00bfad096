import { Injectable } from '@nestjs/common';
import { IdSource } from '#src/common/time/id-source.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import { digestOf } from './secret-hash.js';

export const PAIRING_TTL_MINUTES = 15;

/**
 * One-time codes: the Telegram user who opens one in the bot becomes an operator. A new code voids the earlier ones.
 */
@Injectable()
export class PairingCodesRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly ids: IdSource,
  ) {}

  async create(): Promise<string> {
    const code = this.ids.linkToken();
    await this.prisma.transaction(async (db) => {
      await db.$executeRaw`UPDATE "PairingCode" SET "expiresAt" = now() WHERE "usedAt" IS NULL AND "expiresAt" > now()`;
      await db.$executeRaw`
        INSERT INTO "PairingCode" (code, "expiresAt") VALUES (${digestOf(code)}, now() + ${PAIRING_TTL_MINUTES} * interval '1 minute')`;
    });
    return code;
  }

  /** Marks the code as used; true for the first caller, until the code expires. */
  async use(db: Db, code: string): Promise<boolean> {
    const count = await db.$executeRaw`
      UPDATE "PairingCode" SET "usedAt" = now() WHERE code = ${digestOf(code)} AND "usedAt" IS NULL AND "expiresAt" > now()`;
    return count > 0;
  }
}

export function pairingLink(botName: string, code: string): string {
  return `https://t.me/${botName}?start=${code}`;
}
