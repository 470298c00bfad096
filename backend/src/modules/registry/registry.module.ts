import { Module } from '@nestjs/common';
import { IntegrationsModule } from '#src/integrations/integrations.module.js';
import { PlatformServicesModule } from '#src/modules/platform-services/platform-services.module.js';
import { RetainedImagesRepository } from './retained-images.repository.js';
import { BuiltInRegistry } from './built-in-registry.js';
import { RegistryAssets } from './registry-assets.js';
import { RegistryCollection } from './registry-collection.js';
import { RegistryMaintenance } from './registry-maintenance.js';
import { RegistryProxies } from './registry-proxies.js';

@Module({
  imports: [IntegrationsModule, PlatformServicesModule],
  providers: [
    RetainedImagesRepository,
    BuiltInRegistry,
    RegistryAssets,
    RegistryProxies,
    RegistryCollection,
    RegistryMaintenance,
  ],
  exports: [BuiltInRegistry],
})
export class RegistryModule {}
