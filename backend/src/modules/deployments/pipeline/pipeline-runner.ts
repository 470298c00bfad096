import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { JobWorker, ShutdownInterrupt } from '#src/core/jobs/job-worker.js';
import type { DeploymentSource } from '#src/generated/prisma/client.js';
import { DockerError, isDockerError } from '#src/integrations/docker/docker-error.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { CancelSignals, Cancelled } from './cancel-signals.js';
import { Deadline } from './steps/deadline.js';
import { DeploySteps } from './steps/deploy-steps.js';
import {
  type JobLease,
  StaleAttemptError,
  PipelineRepository,
  type LeasedDeployment,
} from '#src/modules/deployments/repositories/pipeline.repository.js';
import { PipelineContext } from './steps/pipeline-context.js';
import { RegistryCredentials } from '#src/modules/deployments/swarm/registry-credentials.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { isDatabaseUnavailable } from '#src/common/filters/problem.js';

const ENGINE_RETRY_MS = 500;

/**
 * Runs a deployment through its steps. Every step is wrapped alike: the end of the one before, its row and the status in one transaction, then the
 * step under a signal that ends with the deadline, a cancellation or the shutdown. A verdict is written down first, then every step that was
 * begun is undone in reverse, then the deployment is FAILED. A crash anywhere leaves a row from which the next run goes on.
 */
@Injectable()
export class PipelineRunner implements OnModuleInit {
  private readonly logger = new Logger(PipelineRunner.name);

  constructor(
    private readonly repository: PipelineRepository,
    private readonly steps: DeploySteps,
    private readonly cancels: CancelSignals,
    private readonly engine: Engine,
    private readonly secrets: SecretBox,
    private readonly credentials: RegistryCredentials,
    private readonly config: Config,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    const handler = ({ deploymentId }: { deploymentId: string }, signal: AbortSignal) => this.run(deploymentId, signal);
    this.worker.register('deployment.run', handler);
    this.worker.register('deployment.build-and-run', handler, 'builds');
  }

  async run(deploymentId: string, shutdown: AbortSignal): Promise<void> {
    const taken = await this.repository.claim(deploymentId, (source) => this.allowedMs(source));
    if (!taken) return;
    const { claim } = taken;
    const cancel = this.cancels.watch(claim);
    // What is RUNNING has met it.
    const deadline = new Deadline(claim.status === 'RUNNING' ? Infinity : (claim.deadlineAt?.getTime() ?? 0));
    const signal = AbortSignal.any([shutdown, cancel.signal, deadline.signal]);
    const context = new PipelineContext(claim, signal, deadline, this.repository, this.secrets, this.credentials);
    try {
      const failure = claim.errorCode ? undefined : await this.runSteps(context, taken, deadline);
      if (failure) await this.recordFailure(claim, failure);
      if (claim.errorCode) await this.rollback(claim, shutdown);
    } catch (error) {
      if (!(error instanceof StaleAttemptError)) throw error;
      this.logger.warn(`deployment ${claim.id}: another run took over`);
    } finally {
      context.end();
      deadline.end();
      cancel.end();
    }
  }

  private allowedMs(source: DeploymentSource): number {
    const { deploy, build, git } = this.config;
    const cloneMs = source === 'GIT' ? git.timeoutMs : 0;
    return deploy.deadlineMs + (source === 'IMAGE' ? 0 : cloneMs + build.deadlineMs);
  }

  /** Returns the failure that ends the deployment; throws what the queue shall try again. */
  private async runSteps(
    context: PipelineContext,
    { finished, deadlines }: LeasedDeployment,
    deadline: Deadline,
  ): Promise<StepFailure | undefined> {
    for (const [position, step] of this.steps.of(context.deployment).entries()) {
      if (finished.has(step.name)) continue;
      const endsAt =
        deadlines.get(step.name) ?? new Date(Date.now() + (step.allowedMs ?? this.config.deploy.deadlineMs));
      await this.repository.startStep(context.deployment, step, position, endsAt);
      if (step.status === 'RUNNING') deadline.end();
      else deadline.begin(step.name, endsAt);
      try {
        await this.untilEngineAnswers(() => step.run(context), context.signal);
        context.signal.throwIfAborted();
        await context.flush();
      } catch (error) {
        const failure = this.classifyError(error, context);
        // What runs is not given up for a fault of ours; a verdict of the step itself is another matter.
        if (step.status === 'RUNNING' && !(error instanceof StepFailure)) throw error;
        await this.repository.finishStep(context.deployment, failure.message.slice(0, 2000));
        return failure;
      }
    }
    await this.repository.finishStep(context.deployment, null);
    return undefined;
  }

  private async recordFailure(claim: JobLease, failure: StepFailure): Promise<void> {
    if (failure.code === 'INTERNAL') this.logger.error(failure.cause ?? failure);
    await this.repository.recordFailure(claim, failure.code, failure.message.slice(0, 2000));
  }

  /** In reverse, every step, since a crash may have hidden how far it came; one that fails does not keep the others. */
  private async rollback(claim: JobLease, shutdown: AbortSignal): Promise<void> {
    const context = new PipelineContext(claim, shutdown, undefined, this.repository, this.secrets, this.credentials);
    const problems: unknown[] = [];
    for (const step of this.steps.of(claim).toReversed()) {
      await this.untilEngineAnswers(async () => step.undo?.(context), shutdown).catch((error: unknown) =>
        problems.push(error),
      );
    }
    shutdown.throwIfAborted();
    if (problems.length > 0) throw new AggregateError(problems, `deployment ${claim.id} is not undone yet`);
    await this.repository.fail(claim);
  }

  /** An engine that is away is waited for: the deadlines bound it. */
  private async untilEngineAnswers(run: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await run();
        return;
      } catch (error) {
        if (!isDockerError(error, 'unavailable') || signal.aborted) throw error;
        await this.engineAvailable(signal);
      }
    }
  }

  private async engineAvailable(signal: AbortSignal): Promise<void> {
    for (;;) {
      await delay(ENGINE_RETRY_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
      const back = await this.engine.ping().then(
        () => true,
        () => false,
      );
      if (back) return;
    }
  }

  /** The failure that an error means; throws it where the job has to run again. */
  private classifyError(error: unknown, { signal }: PipelineContext): StepFailure {
    const reason: unknown = signal.aborted ? signal.reason : error;
    if (reason instanceof ShutdownInterrupt || reason instanceof StaleAttemptError || isDatabaseUnavailable(reason)) throw reason;
    if (reason instanceof StepFailure) return reason;
    if (reason instanceof Cancelled) return new StepFailure('CANCELLED', 'The deployment was cancelled.');
    if (error instanceof DockerError && error.kind === 'unavailable')
      return new StepFailure('DOCKER_UNAVAILABLE', 'The Docker Engine did not come back in time.', { cause: error });
    if (error instanceof DockerError)
      return new StepFailure('INTERNAL', `The Docker Engine refused: ${error.message}`, { cause: error });
    return new StepFailure('INTERNAL', 'Something went wrong on our side.', { cause: error });
  }
}
