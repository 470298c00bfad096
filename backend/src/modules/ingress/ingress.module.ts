import { Module } from '@nestjs/common';
import { IntegrationsModule } from '#src/integrations/integrations.module.js';
import { EnvironmentsModule } from '#src/modules/environments/environments.module.js';
import { AcmeAccount } from './edge/acme-account.js';
import { Certificates } from './certificates/certificates.js';
import { CertificatesRepository } from './certificates/certificates.repository.js';
import { DnsCheck } from './certificates/dns-check.js';
import { Edges } from './edge/edges.js';
import { FrontRollout } from './edge/front-rollout.js';
import { Front } from './edge/front.js';
import { IngressStatus } from './edge/ingress-status.js';
import { IngressReconciler } from './ingress-reconciler.js';
import { PlatformServicesModule } from '#src/modules/platform-services/platform-services.module.js';
import { PlatformSite } from './platform-site.js';
import { PublicAccessController } from './public-access.controller.js';
import { PublicAccessService } from './public-access.service.js';
import { SiteConvergence } from './site-convergence.js';
import { SitesRepository } from './sites/sites.repository.js';
import { VxlanCleanup } from './edge/vxlan-cleanup.js';
import { NeededIngressJobs } from './needed-jobs.js';

@Module({
  imports: [EnvironmentsModule, IntegrationsModule, PlatformServicesModule],
  controllers: [PublicAccessController],
  providers: [
    AcmeAccount,
    Certificates,
    CertificatesRepository,
    Edges,
    Front,
    FrontRollout,
    IngressStatus,
    IngressReconciler,
    NeededIngressJobs,
    DnsCheck,
    PlatformSite,
    PublicAccessService,
    SiteConvergence,
    SitesRepository,
    VxlanCleanup,
  ],
  exports: [PublicAccessService, SitesRepository],
})
export class IngressModule {}
