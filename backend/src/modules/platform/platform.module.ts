import { Module } from '@nestjs/common';
import { IntegrationsModule } from '#src/integrations/integrations.module.js';
import { AuditController } from './audit.controller.js';
import { AuditRetention } from './audit-retention.js';
import { NodesController } from './nodes.controller.js';
import { RootController } from './root.controller.js';
import { SwarmSetup } from './swarm-setup.js';

/** The root, the audit log, its retention, the nodes, and the setup of the swarm. */
@Module({
  imports: [IntegrationsModule],
  controllers: [RootController, AuditController, NodesController],
  providers: [SwarmSetup, AuditRetention],
})
export class PlatformModule {}
