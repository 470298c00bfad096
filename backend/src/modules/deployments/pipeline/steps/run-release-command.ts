import { Injectable } from '@nestjs/common';
import { cutText } from '#src/common/cut-text.js';
import { LABELS } from '#src/common/labels.js';
import { BuildLog } from '#src/modules/builds/build-log.js';
import { commandServiceName } from '#src/modules/deployments/domain/names.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { ALL_LINES } from '#src/modules/deployments/logs/service-log-reader.js';
import { TaskLogs } from '#src/modules/deployments/logs/task-logs.js';
import { commandFailure } from '#src/modules/deployments/swarm/command-failure.js';
import { CommandServices } from '#src/modules/deployments/swarm/command-services.js';
import type { DeployStep, PlannedDeployment, StepContext } from './deploy-step.js';

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
    private readonly commands: CommandServices,
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
      const task = await this.commands.ended(serviceId, signal);
      const lines = await this.saveOutput(context, serviceId);
      const volumePaths = context.release().volumes.map(({ path }) => path);
      if (!task) throw new StepFailure('RELEASE_COMMAND_FAILED', 'The service of the release command was removed.');
      if (task.state !== 'complete')
        throw new StepFailure(
          'RELEASE_COMMAND_FAILED',
          commandFailure('release command', task, { lines, volumePaths }),
        );
      await context.save({ releaseCommandDoneAt: new Date() });
    }
    await this.commands.remove(labelOf(deployment.id), signal);
  }

  async undo({ deployment, signal }: StepContext): Promise<void> {
    await this.commands.remove(labelOf(deployment.id), signal);
  }

  private async ensure(context: StepContext): Promise<string> {
    const { deployment, signal } = context;
    const { id, releaseCommand: command } = deployment;
    const label = labelOf(id);
    const release = context.release();
    const existing = await this.commands.find(label);
    if (existing !== undefined) return existing;
    await this.commands.prepare(release);
    const one = { name: commandServiceName(release.serviceName), command, label };
    return this.commands.create(release, one, { auth: context.registryAuth(), signal });
  }

  /** Appends the output to the build log. Returns its lines. */
  private async saveOutput({ deployment }: StepContext, serviceId: string): Promise<string[]> {
    const lines = await this.logs.lines(serviceId, { tail: ALL_LINES });
    const log = await this.log.writer(deployment.id, []);
    for (const { text, stream } of lines) log.add(text, stream);
    await log.end();
    return lines.map(({ text }) => text);
  }
}

function labelOf(deploymentId: string): Record<string, string> {
  return { [LABELS.releaseCommand]: deploymentId };
}
