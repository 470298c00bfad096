import { Injectable } from '@nestjs/common';
import { eventually } from '../../../common/time/eventually.js';
import { Containers } from '../../../integrations/docker/containers.js';
import { type SwarmService, SwarmServices } from '../../../integrations/docker/swarm-services.js';
import { LABELS } from '../release/labels.js';
import { DeploymentLogs } from '../streams/deployment-logs.js';

/** Grace period of ten seconds, the kill, and the engine's own time. */
const GONE_MS = 40_000;
const LOOK_MS = 200;

/** The Swarm services of deployments, found by label: names may change, labels do not. */
@Injectable()
export class RunningServices {
  constructor(
    private readonly services: SwarmServices,
    private readonly containers: Containers,
    private readonly logs: DeploymentLogs,
  ) {}

  async find(deploymentId: string): Promise<SwarmService | undefined> {
    return (await this.services.list({ [LABELS.deployment]: deploymentId }))[0];
  }

  /** Keeps the last log lines, then removes the service and waits until its containers are gone. */
  async remove(deploymentId: string, signal: AbortSignal): Promise<void> {
    for (const { id } of await this.services.list({ [LABELS.deployment]: deploymentId })) {
      await this.logs.keep(deploymentId, id);
      await this.services.remove(id);
      await this.containersGone(id, signal);
    }
  }

  /** No task runs, the service stays. */
  async pause(deploymentId: string, signal: AbortSignal): Promise<void> {
    const service = await this.find(deploymentId);
    if (!service) return;
    if (service.replicas > 0) await this.services.scale(service, 0);
    await this.containersGone(service.id, signal, true);
  }

  async resume(deploymentId: string, replicas: number): Promise<void> {
    const service = await this.find(deploymentId);
    if (service && service.replicas < replicas) await this.services.scale(service, replicas);
  }

  private async containersGone(serviceId: string, signal: AbortSignal, stoppedIsEnough = false): Promise<void> {
    const gone = async () => {
      const ids = await this.containers.ofService(serviceId);
      if (!stoppedIsEnough || ids.length === 0) return ids.length === 0;
      const states = await Promise.all(ids.map((id) => this.containers.inspect(id)));
      return states.every((state) => !state?.running);
    };
    await eventually(gone, {
      withinMs: GONE_MS,
      everyMs: LOOK_MS,
      signal,
      what: 'containers of the service are still there',
    });
  }
}
