import { Injectable } from '@nestjs/common';
import { Config } from '../../../../config/config.js';
import { Containers } from '../../../../integrations/docker/containers.js';
import { Images } from '../../../../integrations/docker/images.js';
import { type SwarmTask, SwarmTasks } from '../../../../integrations/docker/swarm-tasks.js';
import { ContainerEvents } from '../../reconcile/container-events.js';
import { type CheckKind, checkKindOf } from '../../release/health-config.js';
import { DeploymentLogs } from '../../streams/deployment-logs.js';
import { type Assessment, assessTasks } from '../assess-tasks.js';
import type { DeployStep, StepContext } from '../deploy-step.js';
import { failureReport } from '../failure-report.js';
import { RunningServices } from '../running-services.js';
import { StepFailure } from '../step-failure.js';

/** Docker's events wake the step; this is for what has no event, as a task that cannot be scheduled. */
const LOOK_AGAIN_MS = 1000;
/** A container's event comes before Swarm has heard of it. */
const AFTER_EVENT_MS = 40;

/** The proof: every replica runs, its health check has passed, and it has stayed up for the stability window. */
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
    private readonly logs: DeploymentLogs,
    private readonly config: Config,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    const service = await this.services.find(deployment.id);
    if (!service) throw new StepFailure('INTERNAL', 'The service was removed while it started.');
    const check = await this.checkKind(context);
    for (;;) {
      const tasks = await this.tasks.list({ serviceId: service.id });
      const assessment = assessTasks({ tasks, replicas: deployment.replicas, check, now: new Date() });
      if (assessment.kind === 'failed') throw await this.failure(assessment, service.id);
      const waitMs = assessment.kind === 'up' ? await this.remaining(assessment.tasks) : LOOK_AGAIN_MS;
      if (waitMs <= 0) return;
      if (assessment.kind === 'waiting')
        context.progress({ step: 'STARTING', message: assessment.message, total: deployment.replicas });
      await this.events.next(deployment.id, { withinMs: waitMs, settleMs: AFTER_EVENT_MS, signal });
    }
  }

  /** Milliseconds until every one of these tasks has been up for the window; a container that is gone again counts from now. */
  private async remaining(tasks: SwarmTask[]): Promise<number> {
    const started = await Promise.all(tasks.map((task) => this.startedAt(task)));
    return Math.max(...started) + this.config.deploy.stabilityWindowMs - Date.now();
  }

  private async startedAt({ containerId, since }: SwarmTask): Promise<number> {
    const state = containerId ? await this.containers.inspect(containerId) : undefined;
    // A container of another node: Swarm's own time, which begins when its check passed.
    if (!state) return since.getTime();
    return state.running ? (state.startedAt ?? new Date()).getTime() : Date.now();
  }

  private async checkKind(context: StepContext): Promise<CheckKind> {
    const release = context.release();
    const image = await this.images.find(release.image);
    const own = image?.healthCheck?.Test?.[0];
    return checkKindOf({ ...release, imageHasHealthCheck: own !== undefined && own !== 'NONE' });
  }

  private async failure(assessment: Extract<Assessment, { kind: 'failed' }>, serviceId: string): Promise<StepFailure> {
    const { containerId } = assessment.task ?? {};
    const state = containerId ? await this.containers.inspect(containerId) : undefined;
    const logs = await this.logs.ofService(serviceId, { tail: 20 });
    return failureReport(assessment, {
      probeOutput: state?.health?.lastOutput ?? '',
      oomKilled: state?.oomKilled ?? false,
      logs,
    });
  }
}
