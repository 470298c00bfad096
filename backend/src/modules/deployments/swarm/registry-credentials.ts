import { Injectable } from '@nestjs/common';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { BuiltInRegistry } from '#src/modules/registry/built-in-registry.js';
import { registryAuthFrom } from '#src/modules/deployments/domain/release-from-row.js';

/** Credentials to pull and push a deployment's image: of the built-in registry for its images, else of the request. */
@Injectable()
export class RegistryCredentials {
  constructor(
    private readonly secrets: SecretBox,
    private readonly registry: BuiltInRegistry,
  ) {}

  /** Undefined when none are needed. */
  of(row: Deployment): RegistryAuth | undefined {
    const isOurs = row.source !== 'IMAGE' && this.registry.holds(row.image);
    return isOurs ? this.registry.auth() : registryAuthFrom(row, this.secrets);
  }
}
