import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { EnvironmentTeardown, type TeardownParticipant } from '#src/modules/environments/environment-teardown.js';
import { RunsRepository } from './runs.repository.js';

const END_TIMEOUT_MS = 60_000;

/** Ends the runs of an environment that is deleted. */
@Injectable()
export class RunTeardown implements OnModuleInit, TeardownParticipant {
  constructor(
    private readonly runs: RunsRepository,
    private readonly teardown: EnvironmentTeardown,
  ) {}

  onModuleInit(): void {
    this.teardown.register('running', this);
  }

  async clear({ id }: Environment, signal: AbortSignal): Promise<void> {
    await this.runs.transaction((db) => this.runs.cancel(db, { environmentId: id }));
    const haveEnded = async () => (await this.runs.countUnfinishedIn(id)) === 0;
    await pollUntil(haveEnded, {
      withinMs: END_TIMEOUT_MS,
      everyMs: 100,
      signal,
      what: 'runs of the environment have not ended',
    });
  }
}
