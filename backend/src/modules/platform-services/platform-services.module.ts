import { Module } from '@nestjs/common';
import { IntegrationsModule } from '#src/integrations/integrations.module.js';
import { IngressImage } from './ingress-image.js';
import { NginxAssets } from './nginx-assets.js';
import { Probe } from './probe.js';
import { ServiceFiles } from './service-files.js';
import { ServiceRollout } from './service-rollout.js';

const providers = [IngressImage, NginxAssets, Probe, ServiceFiles, ServiceRollout];

/** What the Swarm services of the platform itself share: front, edges and the built-in registry. */
@Module({ imports: [IntegrationsModule], providers, exports: providers })
export class PlatformServicesModule {}
