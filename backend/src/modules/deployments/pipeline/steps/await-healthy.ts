import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { Containers, type ContainerState } from '#src/integrations/docker/containers.js';
import { Images } from '#src/integrations/docker/images.js';
import { endedUnhealthy, type SwarmTask, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { ContainerEvents } from '#src/modules/deployments/swarm/container-events.js';
import { checkKindOf, startLimitSeconds, timingOf } from '#src/modules/deployments/domain/health-config.js';
import { assessTasks } from '#src/modules/deployments/swarm/assess-tasks.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import type { DeployStep, StepContext } from './deploy-step.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { TaskFailures } from '#src/modules/deployments/swarm/task-failures.js';

/** Docker's events wake the step. Polling finds states without an event, such as a task that cannot be scheduled. */
const POLL_INTERVAL_MS = 500;
/** Swarm updates its task shortly after Docker emits the event. */
const AFTER_EVENT_MS = 150;

/** Waits until every replica runs, has passed its health check, and has stayed up for the stability window. */
@Injectable()
export class AwaitHealthy implements DeployStep {
  readonly name = 'AwaitHealthy';
  readonly status = 'STARTING_CONTAINERS';

  constructor(
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly images: Images,
    private readonly services: RunningServices,
    private readonly events: ContainerEvents,
    private readonly failures: TaskFailures,
    private readonly config: Config,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    const service = await this.services.find(deployment.id);
    if (!service) throw new StepFailure('INTERNAL', 'The service was removed while it started.');
    const release = await this.complete(context.release());
    const check = checkKindOf(release);
    const limit = check === 'image' ? { startLimitSeconds: startLimitSeconds(release) } : {};
    const up = { startedAt: 0, seenAt: 0 };
    const hostPorts = release.ports.flatMap(({ host }) => host ?? []);
    for (let pollMs = POLL_INTERVAL_MS; ;) {
      const tasks = await this.tasks.list({ serviceId: service.id });
      const states = await this.statesOf(tasks);
      const unhealthy = new Set(tasks.filter((task) => isUnhealthy(task, states.get(task.id))).map(({ id }) => id));
      const { replicas } = deployment;
      const assessment = assessTasks({ tasks, unhealthy, replicas, check, hostPorts, ...limit, now: new Date() });
      if (assessment.kind === 'failed') throw await this.failures.report(assessment, service.id, release);
      const waitMs = assessment.kind === 'up' ? this.remaining(assessment.tasks, states, up) : pollMs;
      if (waitMs <= 0) return;
      if (assessment.kind === 'waiting')
        context.progress({ step: 'STARTING', message: assessment.message, total: deployment.replicas });
      const hadEvent = await this.events.next(deployment.id, { withinMs: waitMs, signal });
      pollMs = hadEvent ? AFTER_EVENT_MS : POLL_INTERVAL_MS;
    }
  }

  /** States of the containers on this node, by task id. */
  private async statesOf(tasks: SwarmTask[]): Promise<Map<string, ContainerState>> {
    const inspected = await Promise.all(
      tasks.map(
        async ({ id, containerId }) =>
          [id, containerId ? await this.containers.inspect(containerId) : undefined] as const,
      ),
    );
    return new Map(inspected.filter((entry): entry is [string, ContainerState] => entry[1] !== undefined));
  }

  /**
   * Whole milliseconds until every one of these tasks has been up for the window. `up` holds the latest start of a task and
   * when this process first saw it, because the machine's clock may have been set back since.
   */
  private remaining(
    tasks: SwarmTask[],
    states: Map<string, ContainerState>,
    up: { startedAt: number; seenAt: number },
  ): number {
    const windowMs = this.config.deploy.stabilityWindowMs;
    const latest = Math.max(...tasks.map((task) => startedAt(task, states.get(task.id)).getTime()));
    if (latest !== up.startedAt) Object.assign(up, { startedAt: latest, seenAt: performance.now() });
    return Math.ceil(Math.min(latest + windowMs - Date.now(), up.seenAt + windowMs - performance.now()));
  }

  private async complete(release: Release): Promise<Release> {
    const image = await this.images.find(release.image);
    return { ...release, imageHealth: timingOf(image?.healthCheck) };
  }
}

/**
 * Docker reports every ended container with a check as unhealthy. Of ended containers, only those that Swarm stopped
 * for their health count.
 */
function isUnhealthy(task: SwarmTask, state: ContainerState | undefined): boolean {
  return state?.running ? state.health?.status === 'unhealthy' : endedUnhealthy(task);
}

/**
 * Start time of a task. For a container on another node it is Swarm's time of the running state, set when its check
 * passed. A container that has just ended counts as not started.
 */
function startedAt({ since }: SwarmTask, state: ContainerState | undefined): Date {
  if (!state) return since;
  return state.running ? (state.startedAt ?? since) : new Date();
}
