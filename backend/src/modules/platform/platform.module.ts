import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { NodesController } from './nodes.controller.js';
import { RootController } from './root.controller.js';
import { SwarmSetup } from './swarm-setup.js';

/** What the platform itself needs and shows. */
@Module({ controllers: [RootController, AuditController, NodesController], providers: [SwarmSetup] })
export class PlatformModule {}
