import { Module } from '@nestjs/common';
import { AuthModule } from '#src/modules/auth/auth.module.js';
import { DeploymentsModule } from '#src/modules/deployments/deployments.module.js';
import { EnvironmentsModule } from '#src/modules/environments/environments.module.js';
import { DeliveryReader } from './delivery-reader.js';
import { HookDeliveriesService } from './hook-deliveries.service.js';
import { HooksController } from './hooks.controller.js';
import { HooksRepository } from './hooks.repository.js';
import { HooksService } from './hooks.service.js';

@Module({
  imports: [AuthModule, EnvironmentsModule, DeploymentsModule],
  controllers: [HooksController],
  providers: [DeliveryReader, HookDeliveriesService, HooksRepository, HooksService],
})
export class HooksModule {}
