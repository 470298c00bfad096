import { Injectable } from '@nestjs/common';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { PlatformSettingsRepository } from '#src/core/database/platform-settings.repository.js';
import { createPrivateKeyPem, thumbprintOf } from '#src/integrations/acme/acme-keys.js';

const SETTING = 'acme.account-key';

/** The key of the ACME account: created once, shared by all instances, encrypted in the database. */
@Injectable()
export class AcmeAccount {
  constructor(
    private readonly settings: PlatformSettingsRepository,
    private readonly secrets: SecretBox,
  ) {}

  /** Returns the key in PEM; creates it on first use. */
  async key(): Promise<string> {
    const sealed = (await this.settings.find(SETTING)) ?? (await this.create());
    return this.secrets.open(sealed, SETTING);
  }

  /** Returns the key's thumbprint, with which the front answers every challenge. */
  async thumbprint(): Promise<string> {
    return thumbprintOf(await this.key());
  }

  private create(): Promise<string> {
    return this.settings.saveFirst(SETTING, this.secrets.seal(createPrivateKeyPem(), SETTING));
  }
}
