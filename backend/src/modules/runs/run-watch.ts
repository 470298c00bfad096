import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Containers } from '#src/integrations/docker/containers.js';
import { isDockerError } from '#src/integrations/docker/docker-error.js';
import type { SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import { CommandServices } from '#src/modules/deployments/swarm/command-services.js';
import { RunLogs } from './run-logs.js';
import { runLabel } from './run-release.js';
import { lost, timedOut, type Verdict, verdictOf } from './run-verdict.js';
import type { ClaimedRun } from './runs.repository.js';

/** A request of a process that was killed may still be on its way to the Engine. */
const LATE_SERVICE_MS = 3000;
const RECHECK_MS = 300;
const UNAVAILABLE_RECHECK_MS = 1000;
const QUOTED_LINES = 20;

/** Watches the service of a run that has begun. */
@Injectable()
export class RunWatch {
  constructor(
    private readonly commands: CommandServices,
    private readonly containers: Containers,
    private readonly logs: RunLogs,
  ) {}

  /** Waits for the end of the command. Throws when the signal aborts, but not for a command that has ended already. */
  async verdict(run: ClaimedRun, signal: AbortSignal): Promise<Verdict> {
    const serviceId = await whenAvailable(() => this.serviceOf(run), signal);
    if (serviceId === undefined) return lost('Nothing of the run is in the Docker Engine.');
    const task = await whenAvailable(() => this.commands.ended(serviceId, signal), signal);
    return task ? verdictOf(task, await this.evidence(run, task)) : lost('The service of the run was removed.');
  }

  /** The verdict of a run whose time is over. */
  async timedOut(run: ClaimedRun): Promise<Verdict> {
    const serviceId = await this.commands.find(runLabel(run.id)).catch(() => undefined);
    const waitingFor = serviceId && (await this.commands.waitingFor(serviceId).catch(() => undefined));
    return timedOut(run.timeoutSeconds, waitingFor ? { waitingFor } : { lines: await this.lastLines(run) });
  }

  /** The last lines of its output; none when the Engine does not answer. */
  private async lastLines({ id }: ClaimedRun): Promise<string[]> {
    const lines = await this.logs.lines(id, { tail: QUOTED_LINES }).catch(() => []);
    return lines.map(({ text }) => text);
  }

  private async serviceOf({ id }: ClaimedRun): Promise<string | undefined> {
    const end = performance.now() + LATE_SERVICE_MS;
    for (;;) {
      const serviceId = await this.commands.find(runLabel(id));
      if (serviceId !== undefined || performance.now() > end) return serviceId;
      await delay(RECHECK_MS);
    }
  }

  private async evidence(run: ClaimedRun, { containerId }: SwarmTask) {
    const state = containerId === undefined ? undefined : await this.containers.inspect(containerId);
    return {
      lines: await this.lastLines(run),
      volumePaths: run.deployment ? columnsOf(run.deployment).volumes.map(({ path }) => path) : [],
      oomKilled: state?.oomKilled ?? false,
    };
  }
}

/** An Engine that is unavailable, or restarts, does not end the run: the call is repeated until the signal aborts. */
async function whenAvailable<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isDockerError(error, 'unavailable')) throw error;
    }
    await delay(UNAVAILABLE_RECHECK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
