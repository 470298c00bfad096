import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { Idempotency } from '#src/core/idempotency/idempotency.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { EnvironmentNetwork } from './environment-network.js';
import { EnvironmentsRepository } from './environments.repository.js';

/** A module that stores things in environments. `clear` deletes them and must be idempotent. */
export interface TeardownParticipant {
  clear(environment: Environment, signal: AbortSignal): Promise<void>;
}

/** Services are removed first: what they use cannot be removed before. */
const STAGES = ['running', 'retained'] as const;
export type TeardownStage = (typeof STAGES)[number];

/**
 * Deletes an environment: everything in it, then its network, then the status becomes DELETED. A durable, idempotent
 * job that restarts after a crash. Modules that store things in environments register here, so this one depends on
 * none of them.
 */
@Injectable()
export class EnvironmentTeardown implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(EnvironmentTeardown.name);
  private readonly participants: Record<TeardownStage, TeardownParticipant[]> = { running: [], retained: [] };

  constructor(
    private readonly environments: EnvironmentsRepository,
    private readonly network: EnvironmentNetwork,
    private readonly worker: JobWorker,
    private readonly idempotency: Idempotency,
    private readonly notifications: PgNotifications,
    private readonly jobs: JobQueue,
  ) {}

  register(stage: TeardownStage, participant: TeardownParticipant): void {
    this.participants[stage].push(participant);
  }

  onModuleInit(): void {
    const handler = ({ environmentId }: { environmentId: string }, signal: AbortSignal) =>
      this.run(environmentId, signal);
    this.worker.register('environment.teardown', handler, 'removals');
  }

  onApplicationBootstrap(): void {
    const finish = () =>
      void Promise.all([this.finishCreations(), this.createLostNetworks()]).catch((error: unknown) =>
        this.logger.warn(`interrupted environments were not finished: ${String(error)}`),
      );
    this.notifications.on('reconnected', finish);
    finish();
  }

  /** After a restore of the database, a row may lack its network in this Engine. */
  private async createLostNetworks(): Promise<void> {
    for (const environment of await this.environments.withStatus('ACTIVE')) {
      if (!(await this.network.exists(environment))) await this.network.ensure(environment);
    }
  }

  /** A crash or an unavailable database leaves an environment CREATING: create its network now. */
  private async finishCreations(): Promise<void> {
    for (const environment of await this.environments.withStatus('CREATING')) {
      await this.network.ensure(environment).then(
        async () => {
          await this.environments.move(this.environments.db, environment.id, ['CREATING'], 'ACTIVE');
          await this.idempotency.completeFor(this.environments.db, environment.id);
        },
        (error: unknown) => this.logger.warn(`network of environment ${environment.id} not created: ${String(error)}`),
      );
    }
  }

  /** Enqueues the teardown in the caller's transaction; false when it is enqueued already or done. */
  async enqueue(db: Db, id: string, { preserveVolumes }: { preserveVolumes: boolean }): Promise<boolean> {
    const data = { preserveVolumes, errorMessage: null };
    const moved = await this.environments.move(db, id, ['CREATING', 'ACTIVE', 'ERROR'], 'DELETING', data);
    if (moved) await this.addJob(db, id);
    return moved;
  }

  /** Adds only the job: the row is DELETING. */
  async addJob(db: Db, environmentId: string): Promise<void> {
    const concurrencyKey = `user/${(await this.environments.byId(environmentId))?.userId}`;
    await this.jobs.add(
      db,
      'environment.teardown',
      { environmentId },
      { key: `teardown/${environmentId}`, concurrencyKey },
    );
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
