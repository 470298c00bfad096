import { Injectable } from '@nestjs/common';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { Deployment, Environment, User } from '#src/generated/prisma/client.js';

type OwnedEnvironment = Environment & { user: User };

/** Reads what notifications are about, with the owner who gets them. */
@Injectable()
export class NotificationsRepository {
  constructor(private readonly prisma: PrismaService) {}

  get db(): Db {
    return this.prisma;
  }

  environment(id: string): Promise<OwnedEnvironment | null> {
    return this.prisma.environment.findUnique({ where: { id }, include: { user: true } });
  }

  deployment(id: string): Promise<(Deployment & { environment: OwnedEnvironment }) | null> {
    return this.prisma.deployment.findUnique({
      where: { id },
      include: { environment: { include: { user: true } } },
    });
  }
}
