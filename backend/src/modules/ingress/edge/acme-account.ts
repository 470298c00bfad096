import { Injectable } from '@nestjs/common';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { createPrivateKeyPem, thumbprintOf } from '#src/integrations/acme/acme-keys.js';

const SETTING = 'acme.account-key';

/** The key of the ACME account: created once, shared by all instances, encrypted in the database. */
@Injectable()
export class AcmeAccount {
  constructor(
    private readonly prisma: PrismaService,
    private readonly secrets: SecretBox,
  ) {}

  /** Returns the key in PEM; creates it on first use. */
  async key(): Promise<string> {
    const sealed = (await this.find()) ?? (await this.create());
    return this.secrets.open(sealed, SETTING);
  }

  /** Returns the key's thumbprint, with which the front answers every challenge. */
  async thumbprint(): Promise<string> {
    return thumbprintOf(await this.key());
  }

  private async find(): Promise<string | undefined> {
    return (await this.prisma.platformSetting.findUnique({ where: { name: SETTING } }))?.value;
  }

  /** Another instance may be first: then its key is used. */
  private async create(): Promise<string> {
    const value = this.secrets.seal(createPrivateKeyPem(), SETTING);
    await this.prisma.platformSetting.createMany({ data: [{ name: SETTING, value }], skipDuplicates: true });
    return (await this.find()) ?? value;
  }
}
