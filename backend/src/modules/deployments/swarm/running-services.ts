import { Injectable } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { type SwarmService, SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { ENDED_STATES, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { LABELS } from '#src/common/labels.js';
import { DeploymentLogs } from '#src/modules/deployments/logs/deployment-logs.js';

/** Covers the kill after the grace period, and the engine's own delays. */
const KILL_MS = 30_000;
const REMOVAL_POLL_MS = 200;
const CREATION_POLL = { withinMs: 20_000, everyMs: 100 };

/** Finds, scales and removes the Swarm services of deployments, by label: names may change, labels do not. */
@Injectable()
export class RunningServices {
  constructor(
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly logs: DeploymentLogs,
  ) {}

  async find(deploymentId: string): Promise<SwarmService | undefined> {
    return (await this.services.list({ [LABELS.deployment]: deploymentId }))[0];
  }

  /** All services by deployment id. */
  async all(): Promise<Map<string | undefined, SwarmService>> {
    const services = await this.services.list({ [LABELS.deployment]: true });
    return new Map(services.map((service) => [service.labels[LABELS.deployment], service]));
  }

  scale(service: SwarmService, replicas: number): Promise<void> {
    return this.services.scale(service, replicas);
  }

  /** Waits until Swarm has created the tasks of the replicas. Returns their slot numbers. */
  async slots(serviceId: string, replicas: number, signal: AbortSignal): Promise<number[]> {
    let slots: number[] = [];
    const areCreated = async () => {
      const tasks = await this.tasks.list({ serviceId });
      slots = [...new Set(tasks.filter(({ desired }) => desired === 'running').map(({ slot }) => slot))];
      return slots.length === replicas;
    };
    const what = 'Swarm has not created the tasks of the replicas';
    await pollUntil(areCreated, { ...CREATION_POLL, signal, what });
    return slots;
  }

  /**
   * Removes the service, waits until its containers are gone, and stores their last log lines. `atOnce` kills the
   * containers without a grace period: for a release that never served.
   */
  async remove(deploymentId: string, signal: AbortSignal, { atOnce = false } = {}): Promise<void> {
    for (const service of await this.services.list({ [LABELS.deployment]: deploymentId })) {
      const { id } = service;
      await this.logs.retainWhile(deploymentId, id, async () => {
        await this.services.remove(id);
        await pollUntil(() => (atOnce ? this.removeContainers(deploymentId, id) : this.isGone(deploymentId, id)), {
          ...removalPoll(service),
          signal,
          what: 'containers of the service are still there',
        });
      });
    }
  }

  /** Scales the service to 0, waits until no container runs, and stores their last log lines. */
  async pause(deploymentId: string, signal: AbortSignal): Promise<void> {
    const service = await this.find(deploymentId);
    if (!service) return;
    await this.logs.retainWhile(deploymentId, service.id, async () => {
      if (service.replicas > 0) await this.services.scale(service, 0);
      await pollUntil(() => this.stopped(service.id), {
        ...removalPoll(service),
        signal,
        what: 'containers of the service still run',
      });
    });
  }

  async resume(deploymentId: string, replicas: number): Promise<void> {
    const service = await this.find(deploymentId);
    if (service && service.replicas < replicas) await this.services.scale(service, replicas);
  }

  /** A task that was starting when the service was removed creates its container later: both must be gone. */
  private async isGone(deploymentId: string, serviceId: string): Promise<boolean> {
    const tasks = await this.tasks.listReachable({ labels: [`${LABELS.deployment}=${deploymentId}`] });
    return tasks.length === 0 && (await this.containers.ofService(serviceId)).length === 0;
  }

  /**
   * Removes the containers without waiting for Swarm, which takes some seconds to stop a task. A task without a
   * container may still create one, so it must have ended.
   */
  private async removeContainers(deploymentId: string, serviceId: string): Promise<boolean> {
    const tasks = await this.tasks.listReachable({ labels: [`${LABELS.deployment}=${deploymentId}`] });
    const containers = await this.containers.ofService(serviceId);
    await Promise.all(containers.map((id) => this.containers.remove(id)));
    return containers.length === 0 && tasks.every(({ containerId, state }) => containerId ?? ENDED_STATES.has(state));
  }

  private async stopped(serviceId: string): Promise<boolean> {
    const active = (await this.tasks.listReachable({ serviceId })).filter(({ state }) => !ENDED_STATES.has(state));
    if (active.length > 0) return false;
    const states = await Promise.all(
      (await this.containers.ofService(serviceId)).map((id) => this.containers.inspect(id)),
    );
    return states.every((state) => !state?.running);
  }
}

function removalPoll({ spec }: SwarmService): { withinMs: number; everyMs: number } {
  const graceMs = Math.ceil(spec.TaskTemplate.ContainerSpec.StopGracePeriod / 1e6);
  return { withinMs: graceMs + KILL_MS, everyMs: REMOVAL_POLL_MS };
}
