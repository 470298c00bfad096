import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { Idempotency } from '#src/core/idempotency/idempotency.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { EnvironmentNetwork } from './environment-network.js';
import { EnvironmentsRepository } from './environments.repository.js';

/** Somebody who keeps things inside environments and clears them away; done again, it must be a no-op. */
export interface TeardownParticipant {
  clear(environment: Environment, signal: AbortSignal): Promise<void>;
}

/** What runs goes first: nothing that it uses can be removed before. */
const STAGES = ['running', 'kept'] as const;
export type TeardownStage = (typeof STAGES)[number];

/**
 * Deleting an environment: everything in it, then its network, then DELETED. A durable job: after a crash it begins again, and every part of it
 * finds done what was done. Who keeps things in environments registers here, so that this module knows none of them.
 */
@Injectable()
export class EnvironmentTeardown implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(EnvironmentTeardown.name);
  private readonly participants: Record<TeardownStage, TeardownParticipant[]> = { running: [], kept: [] };

  constructor(
    private readonly environments: EnvironmentsRepository,
    private readonly network: EnvironmentNetwork,
    private readonly worker: JobWorker,
    private readonly idempotency: Idempotency,
    private readonly signals: PgNotifications,
    private readonly jobs: JobQueue,
  ) {}

  register(stage: TeardownStage, participant: TeardownParticipant): void {
    this.participants[stage].push(participant);
  }

  onModuleInit(): void {
    this.worker.register('environment.teardown', ({ environmentId }, signal) => this.run(environmentId, signal));
  }

  onApplicationBootstrap(): void {
    const finish = () =>
      void Promise.all([this.finishCreations(), this.makeUp()]).catch((error: unknown) =>
        this.logger.warn(`unfinished environments: ${String(error)}`),
      );
    this.signals.on('reconnected', finish);
    finish();
  }

  /** After a restore there are rows whose network this Engine has never had, or whose job is in no queue. */
  private async makeUp(): Promise<void> {
    for (const environment of await this.environments.withStatus('ACTIVE')) {
      if (!(await this.network.isThere(environment))) await this.network.ensure(environment);
    }
    for (const { id } of await this.environments.withoutTeardown())
      await this.jobs.add(
        this.environments.db,
        'environment.teardown',
        { environmentId: id },
        { key: `teardown/${id}` },
      );
  }

  /** A crash, or a database that went away, between the row and its network leaves CREATING: make the network now. */
  private async finishCreations(): Promise<void> {
    for (const environment of await this.environments.withStatus('CREATING')) {
      await this.network.ensure(environment).then(
        async () => {
          await this.environments.move(this.environments.db, environment.id, ['CREATING'], 'ACTIVE');
          await this.idempotency.completeFor(this.environments.db, environment.id);
        },
        (error: unknown) => this.logger.warn(`environment ${environment.id} has no network yet: ${String(error)}`),
      );
    }
  }

  /** In the caller's transaction; false when there is nothing to begin with. */
  async begin(db: Db, id: string, { preserveVolumes }: { preserveVolumes: boolean }): Promise<boolean> {
    const data = { preserveVolumes, errorMessage: null };
    const moved = await this.environments.move(db, id, ['CREATING', 'ACTIVE', 'ERROR'], 'DELETING', data);
    if (moved) await this.jobs.add(db, 'environment.teardown', { environmentId: id }, { key: `teardown/${id}` });
    return moved;
  }

  private async run(environmentId: string, signal: AbortSignal): Promise<void> {
    const environment = await this.environments.byId(environmentId);
    if (environment?.status !== 'DELETING') return;
    for (const stage of STAGES)
      await Promise.all(this.participants[stage].map((participant) => participant.clear(environment, signal)));
    await this.network.remove(environment.overlayNetworkId, signal);
    await this.environments.move(this.environments.db, environmentId, ['DELETING'], 'DELETED');
  }
}
