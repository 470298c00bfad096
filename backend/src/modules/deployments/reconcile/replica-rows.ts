import { Injectable } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { ContainersRepository } from '#src/modules/deployments/repositories/containers.repository.js';
import type { Desired } from './drift-plan.js';

const PLANNED_MS = 20_000;

/** Adapts the Container rows of a deployment to the slots of its service. */
@Injectable()
export class ReplicaRows {
  constructor(
    private readonly tasks: SwarmTasks,
    private readonly containers: ContainersRepository,
  ) {}

  /** Writes one row for each replica that Swarm desires, with Swarm's slot number. */
  async sync({ id, replicas }: Desired, service: { id: string; name: string }, signal: AbortSignal): Promise<void> {
    let slots: number[] = [];
    const isPlanned = async () => {
      const tasks = await this.tasks.list({ serviceId: service.id });
      const desired = tasks.filter((task) => task.desired === 'running');
      slots = [...new Set(desired.map(({ slot }) => slot))];
      return slots.length === replicas;
    };
    await pollUntil(isPlanned, {
      withinMs: PLANNED_MS,
      everyMs: 100,
      signal,
      what: 'Swarm has not created the tasks of the replicas',
    });
    await this.containers.replaceSlots(id, slots, service);
  }
}
