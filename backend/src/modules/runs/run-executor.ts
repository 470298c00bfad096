import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { RunCancelSignals } from './run-cancel-signals.js';
import { RunJobs } from './run-jobs.js';
import { RunRemoval } from './run-removal.js';
import { RunStart } from './run-start.js';
import { RunWatch } from './run-watch.js';
import { cancelled, type Verdict } from './run-verdict.js';
import { type ClaimedRun, NoRunSlotError, RunsRepository, StaleRunError } from './runs.repository.js';

/** The queue takes a job for abandoned after four hours: another one continues to watch the run before. */
const WATCH_LIMIT_MS = 3_600_000;

/**
 * Executes a run in three parts, each safe to repeat after a crash: it begins at most once, its outcome is decided and
 * stored, and its service is removed before the outcome becomes its status.
 */
@Injectable()
export class RunExecutor implements OnModuleInit {
  constructor(
    private readonly runs: RunsRepository,
    private readonly start: RunStart,
    private readonly watch: RunWatch,
    private readonly removal: RunRemoval,
    private readonly cancels: RunCancelSignals,
    private readonly jobs: RunJobs,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    this.worker.register('run.execute', ({ runId }, shutdown) => this.execute(runId, shutdown), 'runs');
  }

  private async execute(runId: string, shutdown: AbortSignal): Promise<void> {
    const run = await this.runs.claim(runId);
    if (!run) return;
    try {
      if (run.outcome === null) {
        const verdict = await this.decide(run, shutdown);
        if (!verdict) {
          await this.jobs.continue(this.runs.db, run.id, run.environment.userId);
          return;
        }
        await this.runs.decide(run, verdict);
      }
      await this.removal.remove(run, shutdown);
      await this.runs.end(run);
    } catch (error) {
      if (error instanceof NoRunSlotError) await this.jobs.postpone(this.runs.db, run.id, run.environment.userId);
      else if (!(error instanceof StaleRunError)) throw error;
    }
  }

  /** Undefined when the command still runs after WATCH_LIMIT_MS. */
  private async decide(run: ClaimedRun, shutdown: AbortSignal): Promise<Verdict | undefined> {
    const refused = run.begunAt === null ? await this.start.begin(run, shutdown) : undefined;
    if (refused) return refused;
    const deadline = run.deadlineAt?.getTime() ?? 0;
    const watchMs = Math.min(Math.max(deadline - Date.now(), 0), WATCH_LIMIT_MS);
    const cancel = this.cancels.watch(run);
    const signal = AbortSignal.any([shutdown, cancel.signal, AbortSignal.timeout(watchMs)]);
    try {
      return await this.watch.verdict(run, signal);
    } catch (error) {
      if (shutdown.aborted || !signal.aborted) throw error;
      if (cancel.signal.aborted) return cancelled(true);
      return Date.now() < deadline ? undefined : await this.watch.timedOut(run);
    } finally {
      cancel.end();
    }
  }
}
