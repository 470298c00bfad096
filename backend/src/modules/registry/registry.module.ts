import { Module } from '@nestjs/common';
import { IngressModule } from '#src/modules/ingress/ingress.module.js';
import { RetainedImages } from './retained-images.js';
import { BuiltInRegistry } from './built-in-registry.js';
import { RegistryCollection } from './registry-collection.js';
import { RegistryMaintenance } from './registry-maintenance.js';

@Module({
  imports: [IngressModule],
  providers: [RetainedImages, BuiltInRegistry, RegistryCollection, RegistryMaintenance],
  exports: [BuiltInRegistry],
})
export class RegistryModule {}
