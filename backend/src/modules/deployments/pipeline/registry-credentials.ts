import { Injectable } from '@nestjs/common';
import { SecretBox } from '../../../core/crypto/secret-box.js';
import type { Deployment } from '../../../generated/prisma/client.js';
import type { RegistryAuth } from '../../../integrations/docker/registry-auth.js';
import { OwnRegistry } from '../../registry/own-registry.js';
import { registryAuthFrom } from '../release/release-from-row.js';

/** With what the image of a deployment is pulled, and pushed: the platform's own credentials for what it built, else those of the request. */
@Injectable()
export class RegistryCredentials {
  constructor(
    private readonly secrets: SecretBox,
    private readonly registry: OwnRegistry,
  ) {}

  /** Undefined where none are needed. */
  of(row: Deployment): RegistryAuth | undefined {
    const isOurs = row.source !== 'IMAGE' && this.registry.holds(row.image);
    return isOurs ? this.registry.auth() : registryAuthFrom(row, this.secrets);
  }
}
