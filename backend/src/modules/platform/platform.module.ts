import { Module } from '@nestjs/common';
import { RootController } from './root.controller.js';
import { SwarmSetup } from './swarm-setup.js';

/** What the platform itself needs and shows. */
@Module({ controllers: [RootController], providers: [SwarmSetup] })
export class PlatformModule {}
