import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../../core/crypto/secret-box.js';
import { PrismaService } from '../../../core/database/prisma.service.js';
import { createAccountKey, thumbprintOf } from '../../../integrations/acme/account-key.js';

const SETTING = 'acme.account-key';

/** The ACME account is its key: made once, the same for every instance, encrypted in the database. */
@Injectable()
export class AcmeAccount {
  constructor(
    private readonly prisma: PrismaService,
    private readonly secrets: SecretBox,
  ) {}

  /** PEM. */
  async key(): Promise<string> {
    const value = this.secrets.seal(createAccountKey(), SETTING);
    await this.prisma.platformSetting.createMany({ data: [{ name: SETTING, value }], skipDuplicates: true });
    const row = await this.prisma.platformSetting.findUniqueOrThrow({ where: { name: SETTING } });
    return this.secrets.open(row.value, SETTING);
  }

  /** With it, the front answers every challenge. */
  async thumbprint(): Promise<string> {
    return thumbprintOf(await this.key());
  }
}
