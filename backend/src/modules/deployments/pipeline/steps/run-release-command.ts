import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { cutText } from '#src/common/cut-text.js';
import { asSentence } from '#src/common/errors/as-sentence.js';
import { pollUntil } from '#src/common/time/poll-until.js';
import { LABELS } from '#src/common/labels.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { EnvironmentNetwork } from '#src/modules/environments/environment-network.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { ENDED_STATES, type SwarmTask, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { BuildLog } from '#src/modules/builds/build-log.js';
import { ServiceStart } from '#src/modules/deployments/swarm/service-start.js';
import type { DeployStep, PlannedDeployment, StepContext } from './deploy-step.js';
import { adviceFor } from '#src/modules/deployments/domain/known-last-words.js';
import { printedNothing, withLastLines } from '#src/modules/deployments/swarm/last-lines.js';
import { ALL_LINES } from '#src/modules/deployments/logs/deployment-logs.js';
import { TaskLogs } from '#src/modules/deployments/logs/task-logs.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

const RECHECK_MS = 200;
const REMOVAL_TIMEOUT_MS = 30_000;
const QUOTED_LINES = 20;
const SHOWN_COMMAND = 200;

/**
 * Runs the release command, such as a database migration, once before the release starts, as a Swarm service of its own
 * in the environment's network. The step stores that it is done before it removes the service, so that a crash does not
 * run it twice. A rollback skips it; a change of a release with the same image does not.
 */
@Injectable()
export class RunReleaseCommand implements DeployStep {
  readonly name = 'RunReleaseCommand';
  readonly status = 'STARTING_CONTAINERS';
  readonly appliesTo = ({ releaseCommand, rollbackOfId, isChange }: PlannedDeployment) =>
    releaseCommand.length > 0 && (rollbackOfId === null || isChange);

  constructor(
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly start: ServiceStart,
    private readonly network: EnvironmentNetwork,
    private readonly logs: TaskLogs,
    private readonly log: BuildLog,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    if (deployment.releaseCommandDoneAt === null) {
      const serviceId = await this.ensure(context);
      context.progress({
        step: 'RELEASE_COMMAND',
        message: cutText(deployment.releaseCommand.join(' '), SHOWN_COMMAND),
      });
      const task = await this.ended(serviceId, signal);
      const lines = await this.saveOutput(context, serviceId);
      const volumePaths = context.release().volumes.map(({ path }) => path);
      if (task.state !== 'complete') throw failure(task, lines, volumePaths);
      await context.save({ releaseCommandDoneAt: new Date() });
    }
    await this.remove(deployment.id, signal);
  }

  async undo({ deployment, signal }: StepContext): Promise<void> {
    await this.remove(deployment.id, signal);
  }

  private async ensure(context: StepContext): Promise<string> {
    const [service] = await this.services.list(ownedBy(context.deployment.id));
    if (service) return service.id;
    await this.network.ensure(context.deployment.environment);
    const { deployment, signal } = context;
    return this.start.createCommand(context.release(), deployment.releaseCommand, context.registryAuth(), signal);
  }

  /** Waits for the end of the task; the deadlines bound it. */
  private async ended(serviceId: string, signal: AbortSignal): Promise<SwarmTask> {
    for (;;) {
      const [task] = await this.tasks.list({ serviceId });
      if (task && ENDED_STATES.has(task.state)) return task;
      await delay(RECHECK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Appends the output to the build log. Returns its last lines. */
  private async saveOutput({ deployment }: StepContext, serviceId: string): Promise<string[]> {
    const lines = await this.logs.lines(serviceId, { tail: ALL_LINES });
    const log = await this.log.writer(deployment.id, []);
    for (const { text, stream } of lines) log.add(text, stream);
    await log.end();
    return lines.slice(-QUOTED_LINES).map(({ text }) => text);
  }

  private async remove(deploymentId: string, signal: AbortSignal): Promise<void> {
    for (const { id } of await this.services.list(ownedBy(deploymentId))) {
      await this.services.remove(id);
      const isGone = async () => {
        const left = await this.containers.ofService(id);
        await Promise.all(left.map((container) => this.containers.remove(container)));
        return left.length === 0;
      };
      await pollUntil(isGone, {
        withinMs: REMOVAL_TIMEOUT_MS,
        everyMs: RECHECK_MS,
        signal,
        what: 'the command still runs',
      });
    }
  }
}

function ownedBy(deploymentId: string): Record<string, string> {
  return { [LABELS.releaseCommand]: deploymentId };
}

function failure({ exitCode, error, state }: SwarmTask, lines: string[], volumePaths: string[]): StepFailure {
  const isStarted = state !== 'rejected' && exitCode !== undefined;
  const sentence = isStarted
    ? `The release command ended with exit code ${exitCode}.`
    : asSentence(`The release command could not be started: ${error ?? 'no reason was given'}`);
  const advice = adviceFor([...lines, error ?? ''], { from: 'container', volumePaths });
  const text =
    lines.length > 0 ? withLastLines(sentence, lines, 'Last lines', advice) : printedNothing(sentence, advice);
  return new StepFailure('RELEASE_COMMAND_FAILED', text);
}
