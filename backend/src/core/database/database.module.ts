import { randomInt } from 'node:crypto';
import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { DatabaseConnection } from './database-connection.js';
import { PlatformSettingsRepository } from './platform-settings.repository.js';
import { PrismaService } from './prisma.service.js';
import { PgNotifications } from './pg-notifications.js';
import { WORKER_LOCK_CLASS, WorkerIdentity } from './worker-identity.js';

@Global()
@Module({
  providers: [
    { provide: DatabaseConnection, inject: [Config], useFactory: (config: Config) => DatabaseConnection.open(config) },
    { provide: PrismaService, inject: [DatabaseConnection], useFactory: connected },
    { provide: WorkerIdentity, useFactory: () => new WorkerIdentity(randomInt(1, 2 ** 31 - 1)) },
    { provide: PgNotifications, inject: [DatabaseConnection, WorkerIdentity, PrismaService], useFactory: listening },
    PlatformSettingsRepository,
  ],
  exports: [DatabaseConnection, PlatformSettingsRepository, PrismaService, PgNotifications, WorkerIdentity],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(DatabaseConnection) private readonly connection: DatabaseConnection,
    @Inject(PrismaService) private readonly prisma: PrismaService,
    @Inject(PgNotifications) private readonly notifications: PgNotifications,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.notifications.close();
    await this.prisma.$disconnect();
    await this.connection.close();
  }
}

/**
 * Connects early, so that the first query need not wait for the query compiler. That blocks the event loop, so it runs
 * before PgNotifications connects.
 */
async function connected(connection: DatabaseConnection): Promise<PrismaService> {
  const prisma = new PrismaService(connection);
  await prisma.$connect().catch(() => undefined);
  return prisma;
}

async function listening(
  { connectionString }: DatabaseConnection,
  { lockKey }: WorkerIdentity,
): Promise<PgNotifications> {
  const notifications = new PgNotifications(connectionString, { class: WORKER_LOCK_CLASS, key: lockKey });
  await notifications.open();
  return notifications;
}
