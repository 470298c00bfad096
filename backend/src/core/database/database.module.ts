import { randomInt } from 'node:crypto';
import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseConnection } from './database-connection.js';
import { PrismaService } from './prisma.service.js';
import { Signals } from './signals.js';
import { WORKER_LOCK_CLASS, WorkerIdentity } from './worker-identity.js';

@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  static with(database: () => Promise<DatabaseConnection>): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: DatabaseConnection, useFactory: database },
        { provide: PrismaService, inject: [DatabaseConnection], useFactory: connected },
        { provide: WorkerIdentity, useFactory: () => new WorkerIdentity(randomInt(1, 2 ** 31 - 1)) },
        { provide: Signals, inject: [DatabaseConnection, WorkerIdentity], useFactory: listening },
      ],
      exports: [DatabaseConnection, PrismaService, Signals, WorkerIdentity],
    };
  }

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

/** Its first query would wait for the query compiler: let that begin now. */
function connected(connection: DatabaseConnection): PrismaService {
  const prisma = new PrismaService(connection);
  prisma.$connect().catch(() => undefined);
  return prisma;
}

async function listening({ connectionString }: DatabaseConnection, { lockKey }: WorkerIdentity): Promise<Signals> {
  const signals = new Signals(connectionString, { class: WORKER_LOCK_CLASS, key: lockKey });
  await signals.open();
  return signals;
}
