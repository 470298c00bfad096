import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/**
 * Deadlines of the deployment and of its current step. The signal aborts with a StepFailure when one has passed. Rows
 * have them as times; here they are monotonic, so that a change of the machine's clock neither ends nor extends a step.
 */
export class Deadline {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private step: { name: string; endsAt: number } | undefined;

  private endsAt: number;

  /** `endsAt`, in epoch milliseconds, is enforced from the first step on. */
  constructor(endsAt: number) {
    this.endsAt = toMonotonic(endsAt);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Replaces the deadline of the previous step. */
  startStep(name: string, endsAt: Date): void {
    this.step = { name, endsAt: toMonotonic(endsAt.getTime()) };
    this.arm();
  }

  /** Runs `work` with both deadlines paused. Returns the extended deadlines. */
  async pauseWhile(work: () => Promise<void>): Promise<{ deployment: Date; step: Date | undefined }> {
    clearTimeout(this.timer);
    const startedAt = performance.now();
    try {
      await work();
    } finally {
      const waitedMs = performance.now() - startedAt;
      this.endsAt += waitedMs;
      if (this.step) this.step.endsAt += waitedMs;
      this.arm();
    }
    return { deployment: toDate(this.endsAt), step: this.step && toDate(this.step.endsAt) };
  }

  end(): void {
    this.step = undefined;
    this.endsAt = Infinity;
    clearTimeout(this.timer);
  }

  private arm(): void {
    clearTimeout(this.timer);
    const remainingMs = Math.min(this.endsAt, this.step?.endsAt ?? Infinity) - performance.now();
    if (remainingMs <= 0) this.expire();
    else if (Number.isFinite(remainingMs)) this.timer = setTimeout(() => this.arm(), remainingMs).unref();
  }

  private expire(): void {
    const { name = '', endsAt = Infinity } = this.step ?? {};
    const message =
      endsAt <= this.endsAt
        ? `The step ${name} exceeded its deadline.`
        : `The deployment did not become RUNNING before its deadline. It was in the step ${name}.`;
    this.controller.abort(new StepFailure('DEADLINE_EXCEEDED', message));
  }
}

function toMonotonic(epochMs: number): number {
  return epochMs - Date.now() + performance.now();
}

function toDate(monotonicMs: number): Date {
  return new Date(Math.round(monotonicMs - performance.now() + Date.now()));
}
