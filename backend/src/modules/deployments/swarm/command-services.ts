import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { ENDED_STATES, type SwarmTask, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { EnvironmentNetwork } from '#src/modules/environments/environment-network.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import { buildCommandSpec, type CommandService } from '#src/modules/deployments/domain/service-spec-builder.js';
import { ReleaseFiles } from './release-files.js';

const RECHECK_MS = 200;
/** A command that runs for long is checked less often. */
const RARE_RECHECK_MS = 1000;
const RARE_AFTER_MS = 20_000;
/** A node may be down for the time of a restart of its Engine. */
const NODE_DOWN_MS = 60_000;
const REMOVAL_TIMEOUT_MS = 30_000;

interface Creation {
  auth: RegistryAuth | undefined;
  signal: AbortSignal;
  /** Called right before the request that creates the service, and again when that one was refused and is repeated. */
  begin?: () => Promise<void>;
}

/** Swarm services that run a command once: release commands and runs. Each is found by its label. */
@Injectable()
export class CommandServices {
  constructor(
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly nodes: Nodes,
    private readonly engine: Engine,
    private readonly network: EnvironmentNetwork,
    private readonly files: ReleaseFiles,
  ) {}

  /** Id of the service; undefined when there is none. */
  async find(label: Record<string, string>): Promise<string | undefined> {
    return (await this.services.list(label))[0]?.id;
  }

  /** Does what a service of this release needs and may be done twice. */
  async prepare({ environmentId, network }: Release): Promise<void> {
    await this.network.ensure({ id: environmentId, overlayNetworkId: network });
  }

  /** Returns the id of the new service. Swarm starts its only task at once. */
  async create(release: Release, one: CommandService, { auth, signal, begin }: Creation): Promise<string> {
    const engine = await this.engine.inspect();
    return this.files.createWith(release, signal, async (mounted) => {
      signal.throwIfAborted();
      await begin?.();
      return this.services.create(buildCommandSpec(mounted, one, engine), auth);
    });
  }

  /** Values of a label of all services that have it. */
  async labeled(label: string): Promise<string[]> {
    return (await this.services.list({ [label]: true })).flatMap(({ labels }) => labels[label] ?? []);
  }

  /**
   * Waits for the end of the task. A task whose node stays down is `orphaned`; undefined when the service was removed.
   */
  async ended(serviceId: string, signal: AbortSignal): Promise<SwarmTask | undefined> {
    const begin = performance.now();
    let reachableAt = begin;
    for (;;) {
      const [task] = await this.tasks.list({ serviceId });
      if (task && ENDED_STATES.has(task.state)) return task;
      if (!task && !(await this.services.find(serviceId))) return undefined;
      const now = performance.now();
      if (!task || !(await this.isDown(task))) reachableAt = now;
      else if (now - reachableAt > NODE_DOWN_MS) return { ...task, state: 'orphaned' };
      const recheckMs = now - begin > RARE_AFTER_MS ? RARE_RECHECK_MS : RECHECK_MS;
      await delay(recheckMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Why the task has no container yet, in Swarm's words; undefined when it has one. */
  async waitingFor(serviceId: string): Promise<string | undefined> {
    const [task] = await this.tasks.list({ serviceId });
    return task?.containerId === undefined ? task?.error : undefined;
  }

  /**
   * Removes the service and waits until its containers are gone. Swarm takes some seconds to stop a task: after
   * `graceMs` the containers are killed.
   */
  async remove(label: Record<string, string>, signal: AbortSignal, { graceMs = 0 } = {}): Promise<void> {
    const labels = Object.entries(label).map(([name, value]) => `${name}=${value}`);
    const killAt = performance.now() + graceMs;
    const removed = new Set<string>();
    const isGone = async () => {
      for (const { id } of await this.services.list(label)) {
        removed.add(id);
        await this.services.remove(id);
      }
      const tasks = await this.tasks.listReachable({ labels });
      for (const { serviceId } of tasks) removed.add(serviceId);
      const left = (await Promise.all([...removed].map((id) => this.containers.ofService(id)))).flat();
      if (performance.now() >= killAt) await Promise.all(left.map((id) => this.containers.remove(id)));
      return left.length === 0 && (await this.haveEnded(tasks));
    };
    const options = { withinMs: REMOVAL_TIMEOUT_MS, everyMs: RECHECK_MS, signal };
    await pollUntil(isGone, { ...options, what: 'the command still runs' });
  }

  /** A task without a container may still create one; the containers of other nodes are not visible here. */
  private async haveEnded(tasks: SwarmTask[]): Promise<boolean> {
    const { nodeId: here } = await this.engine.inspect();
    return tasks.every(
      ({ containerId, nodeId, state }) => ENDED_STATES.has(state) || (containerId !== undefined && nodeId === here),
    );
  }

  private async isDown({ nodeId }: SwarmTask): Promise<boolean> {
    return (await this.nodes.recent()).some(({ id, state }) => id === nodeId && state === 'down');
  }
}
