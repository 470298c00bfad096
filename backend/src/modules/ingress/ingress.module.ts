import { Module } from '@nestjs/common';
import { EnvironmentsModule } from '#src/modules/environments/environments.module.js';
import { AcmeAccount } from './edge/acme-account.js';
import { Certificates } from './certificates/certificates.js';
import { CertificatesRepository } from './certificates/certificates.repository.js';
import { DnsCheck } from './certificates/dns-check.js';
import { Edges } from './edge/edges.js';
import { Front } from './edge/front.js';
import { IngressImage } from '#src/modules/platform-services/ingress-image.js';
import { IngressStatus } from './edge/ingress-status.js';
import { IngressReconciler } from './ingress-reconciler.js';
import { NginxAssets } from '#src/modules/platform-services/nginx-assets.js';
import { PlatformSite } from './platform-site.js';
import { PublicAccessController } from './public-access.controller.js';
import { PublicAccessService } from './public-access.service.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { SiteConvergence } from './site-convergence.js';
import { SitesRepository } from './sites/sites.repository.js';
import { VxlanCleanup } from './edge/vxlan-cleanup.js';

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
    IngressReconciler,
    DnsCheck,
    NginxAssets,
    PlatformSite,
    PublicAccessService,
    ServiceRollout,
    SiteConvergence,
    SitesRepository,
    VxlanCleanup,
  ],
  exports: [NginxAssets, PublicAccessService, ServiceRollout, SitesRepository],
})
export class IngressModule {}
