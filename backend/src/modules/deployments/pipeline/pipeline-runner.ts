import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import pRetry from 'p-retry';
import { safeText } from '#src/common/safe-text.js';
import { Config } from '#src/config/config.js';
import { JobWorker, ShutdownInterrupt } from '#src/core/jobs/job-worker.js';
import type { DeploymentSource } from '#src/generated/prisma/client.js';
import { DockerError, isDockerError } from '#src/integrations/docker/docker-error.js';
import { CancelSignals, Cancelled } from './cancel-signals.js';
import { Deadline } from './steps/deadline.js';
import type { DeployStep } from './steps/deploy-step.js';
import { DeploySteps } from './steps/deploy-steps.js';
import {
  type JobLease,
  StaleAttemptError,
  PipelineRepository,
  type LeasedDeployment,
} from '#src/modules/deployments/repositories/pipeline.repository.js';
import { DrainSchedule } from './drain-schedule.js';
import { type PipelineContext, PipelineContexts } from './steps/pipeline-context.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { isDatabaseUnavailable } from '#src/common/filters/problem.js';

const ENGINE_RETRY = { retries: Infinity, minTimeout: 500, factor: 1 };
const MAX_LOGGED = 4000;

/**
 * Runs the steps of a deployment. For every step it commits the end of the previous step, the step's row and the status
 * in one transaction, then runs the step under a signal that aborts on the deadline, a cancellation or a shutdown. On a
 * failure it stores the error first, then undoes all steps in reverse order, then sets FAILED. After a crash anywhere
 * the next attempt resumes from the row. A step that only waits ends the run, and a job continues with it later.
 */
@Injectable()
export class PipelineRunner implements OnModuleInit {
  private readonly logger = new Logger(PipelineRunner.name);

  constructor(
    private readonly repository: PipelineRepository,
    private readonly steps: DeploySteps,
    private readonly cancels: CancelSignals,
    private readonly contexts: PipelineContexts,
    private readonly drains: DrainSchedule,
    private readonly config: Config,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    const handler = ({ deploymentId }: { deploymentId: string }, signal: AbortSignal) => this.run(deploymentId, signal);
    this.worker.register('deployment.run', handler, 'releases');
    this.worker.register('deployment.drain', handler, 'releases');
    this.worker.register('deployment.build-and-run', handler, 'builds');
  }

  async run(deploymentId: string, shutdown: AbortSignal): Promise<void> {
    const leased = await this.repository.claim(deploymentId, (source) => this.allowedMs(source));
    if (!leased) return;
    const { claim } = leased;
    const cancel = this.cancels.watch(claim);
    // A deployment that is RUNNING has met its deadline.
    const deadline = new Deadline(claim.status === 'RUNNING' ? Infinity : (claim.deadlineAt?.getTime() ?? 0));
    const signal = AbortSignal.any([shutdown, cancel.signal, deadline.signal]);
    const context = this.contexts.create(claim, signal, deadline);
    try {
      const failure = claim.errorCode ? undefined : await this.runSteps(context, leased, deadline);
      if (failure) await this.recordFailure(context, failure);
      if (claim.errorCode) await this.rollback(claim, shutdown);
    } catch (error) {
      if (!(error instanceof StaleAttemptError)) throw error;
      this.logger.warn(`deployment ${claim.id}: attempt superseded by another worker`);
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

  /** Returns the failure that ends the deployment; throws an error that the queue retries. */
  private async runSteps(
    context: PipelineContext,
    { finished, open, deadlines }: LeasedDeployment,
    deadline: Deadline,
  ): Promise<StepFailure | undefined> {
    for (const [position, step] of this.remainingSteps(context)) {
      if (finished.has(step.name)) continue;
      const endsAt =
        deadlines.get(step.name) ?? new Date(Date.now() + (step.allowedMs ?? this.config.deploy.deadlineMs));
      const isResumed = step.status === 'RUNNING' && open.has(step.name);
      if (!isResumed) await this.repository.startStep(context.deployment, step, position, endsAt);
      if (step.status === 'RUNNING') deadline.end();
      else deadline.startStep(step.name, endsAt);
      try {
        await this.retryWhileEngineUnavailable(() => step.run(context), context.signal);
        context.signal.throwIfAborted();
        if (context.suspendedUntil) {
          await this.drains.schedule(context.deployment, context.suspendedUntil);
          return undefined;
        }
        await context.flush();
      } catch (error) {
        const failure = this.classifyError(error, context).without(context.secretTexts());
        // An internal error must not fail a RUNNING release: the queue retries. Only a StepFailure does.
        if (step.status === 'RUNNING' && !(error instanceof StepFailure)) throw error;
        await this.repository.finishStep(context.deployment, failure.message);
        return failure;
      }
    }
    await this.repository.finishStep(context.deployment, null);
    return undefined;
  }

  /** A build may add the step of the release command, so that the list is read again before each step. */
  private *remainingSteps({ deployment }: PipelineContext): Generator<[number, DeployStep]> {
    for (let position = 0; ; position++) {
      const step = this.steps.of(deployment)[position];
      if (!step) return;
      yield [position, step];
    }
  }

  private async recordFailure(context: PipelineContext, failure: StepFailure): Promise<void> {
    if (failure.code === 'INTERNAL') this.logger.error(describe(failure.cause ?? failure, context.secretTexts()));
    await this.repository.recordFailure(context.deployment, failure.code, failure.message);
  }

  /**
   * Undoes every step in reverse order, because a crash may hide which steps ran. A failing undo does not stop the
   * others.
   */
  private async rollback(claim: JobLease, shutdown: AbortSignal): Promise<void> {
    const context = this.contexts.create(claim, shutdown, undefined);
    const problems: unknown[] = [];
    for (const step of this.steps.of(claim).toReversed()) {
      await this.retryWhileEngineUnavailable(async () => step.undo?.(context), shutdown).catch((error: unknown) =>
        problems.push(error),
      );
    }
    shutdown.throwIfAborted();
    if (problems.length > 0) throw new AggregateError(problems, `rollback of deployment ${claim.id} is incomplete`);
    await this.repository.fail(claim);
  }

  /** Retries while the engine is unavailable. The deadlines bound it. */
  private retryWhileEngineUnavailable(run: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const shouldRetry = ({ error }: { error: Error }) => isDockerError(error, 'unavailable');
    return pRetry(run, { ...ENGINE_RETRY, signal, shouldRetry });
  }

  /** Converts an error to a failure; throws it when the job has to be retried. */
  private classifyError(error: unknown, { signal }: PipelineContext): StepFailure {
    const reason: unknown = signal.aborted ? signal.reason : error;
    if (reason instanceof ShutdownInterrupt || reason instanceof StaleAttemptError || isDatabaseUnavailable(reason))
      throw reason;
    if (reason instanceof StepFailure) return reason;
    if (reason instanceof Cancelled) return new StepFailure('CANCELLED', 'The deployment was cancelled.');
    if (error instanceof DockerError && error.kind === 'unavailable')
      return new StepFailure('DOCKER_UNAVAILABLE', 'The Docker Engine was unavailable until the deadline.', {
        cause: error,
      });
    if (error instanceof DockerError)
      return new StepFailure(
        'INTERNAL',
        'The Docker Engine rejected the request. The log of the server has its reason.',
        {
          cause: error,
        },
      );
    return new StepFailure('INTERNAL', 'An internal error occurred. The log of the server has the details.', {
      cause: error,
    });
  }
}

/** For the log, without what the deployment keeps secret: the engine may quote it. */
function describe(error: unknown, secrets: readonly string[]): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return safeText(text, { maxLength: MAX_LOGGED, secrets });
}
