import { Module } from '@nestjs/common';
import { IngressModule } from '#src/modules/ingress/ingress.module.js';
import { KeptImages } from './kept-images.js';
import { OwnRegistry } from './own-registry.js';
import { RegistryCollection } from './registry-collection.js';
import { RegistryUpkeep } from './registry-upkeep.js';

@Module({
  imports: [IngressModule],
  providers: [KeptImages, OwnRegistry, RegistryCollection, RegistryUpkeep],
  exports: [OwnRegistry],
})
export class RegistryModule {}
