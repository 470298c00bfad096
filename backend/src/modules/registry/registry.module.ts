import { Module } from '@nestjs/common';
import { IngressModule } from '#src/modules/ingress/ingress.module.js';
import { RetainedImagesRepository } from './retained-images.repository.js';
import { BuiltInRegistry } from './built-in-registry.js';
import { RegistryCollection } from './registry-collection.js';
import { RegistryMaintenance } from './registry-maintenance.js';

@Module({
  imports: [IngressModule],
  providers: [RetainedImagesRepository, BuiltInRegistry, RegistryCollection, RegistryMaintenance],
  exports: [BuiltInRegistry],
})
export class RegistryModule {}
