import { Module } from '@nestjs/common';
import { EnvironmentsModule } from '#src/modules/environments/environments.module.js';
import { AcmeAccount } from './edge/acme-account.js';
import { Certificates } from './certificates/certificates.js';
import { CertificatesRepository } from './certificates/certificates.repository.js';
import { NameCheck } from './certificates/name-check.js';
import { Edges } from './edge/edges.js';
import { Front } from './edge/front.js';
import { IngressImage } from '#src/modules/platform-services/ingress-image.js';
import { IngressStatus } from './edge/ingress-status.js';
import { IngressUpkeep } from './ingress-upkeep.js';
import { NginxPartsSource } from '#src/modules/platform-services/nginx-parts.js';
import { OwnSite } from './own-site.js';
import { PublicAccessController } from './public-access.controller.js';
import { PublicAccessService } from './public-access.service.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { SiteConvergence } from './site-convergence.js';
import { SitesRepository } from './sites/sites.repository.js';
import { StaleDevices } from './edge/stale-devices.js';

@Module({
  imports: [EnvironmentsModule],
  controllers: [PublicAccessController],
  providers: [
    AcmeAccount,
    Certificates,
    CertificatesRepository,
    Edges,
    Front,
    IngressImage,
    IngressStatus,
    IngressUpkeep,
    NameCheck,
    NginxPartsSource,
    OwnSite,
    PublicAccessService,
    ServiceRollout,
    SiteConvergence,
    SitesRepository,
    StaleDevices,
  ],
  exports: [NginxPartsSource, PublicAccessService, ServiceRollout, SitesRepository],
})
export class IngressModule {}
