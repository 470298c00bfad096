import { randomInt } from 'node:crypto';
import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { DatabaseConnection } from './database-connection.js';
import { PrismaService } from './prisma.service.js';
import { Signals } from './signals.js';
import { WORKER_LOCK_CLASS, WorkerIdentity } from './worker-identity.js';

@Global()
@Module({
  providers: [
    { provide: DatabaseConnection, inject: [Config], useFactory: (config: Config) => DatabaseConnection.open(config) },
    {
      provide: PrismaService,
      inject: [DatabaseConnection],
      useFactory: (connection: DatabaseConnection) => new PrismaService(connection),
    },
    { provide: WorkerIdentity, useFactory: () => new WorkerIdentity(randomInt(1, 2 ** 31 - 1)) },
    {
      provide: Signals,
      inject: [DatabaseConnection, WorkerIdentity],
      useFactory: async (connection: DatabaseConnection, worker: WorkerIdentity) => {
        const signals = new Signals(connection.connectionString, { class: WORKER_LOCK_CLASS, key: worker.lockKey });
        await signals.open();
        return signals;
      },
    },
  ],
  exports: [DatabaseConnection, PrismaService, Signals, WorkerIdentity],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(DatabaseConnection) private readonly connection: DatabaseConnection,
    @Inject(PrismaService) private readonly prisma: PrismaService,
    @Inject(Signals) private readonly signals: Signals,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.signals.close();
    await this.prisma.$disconnect();
    await this.connection.close();
  }
}
