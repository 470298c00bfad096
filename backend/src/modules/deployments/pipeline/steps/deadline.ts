import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';

/** Until when what is under way has to be done: the deployment as a whole, and the step that it is in. */
export class Deadline {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private step: { name: string; endsAt: number } | undefined;

  /** It counts from the first step that begins. */
  constructor(private endsAt: number) {}

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The step before it has met its own. */
  begin(name: string, endsAt: Date): void {
    this.step = { name, endsAt: endsAt.getTime() };
    this.arm();
  }

  /** What others are the reason of does not count. Returns the new ends. */
  async without(work: () => Promise<void>): Promise<{ deployment: Date; step: Date | undefined }> {
    clearTimeout(this.timer);
    const began = Date.now();
    try {
      await work();
    } finally {
      const waitedMs = Date.now() - began;
      this.endsAt += waitedMs;
      if (this.step) this.step.endsAt += waitedMs;
      this.arm();
    }
    return { deployment: new Date(this.endsAt), step: this.step && new Date(this.step.endsAt) };
  }

  end(): void {
    this.step = undefined;
    this.endsAt = Infinity;
    clearTimeout(this.timer);
  }

  private arm(): void {
    clearTimeout(this.timer);
    const remainingMs = Math.min(this.endsAt, this.step?.endsAt ?? Infinity) - Date.now();
    if (remainingMs <= 0) this.pass();
    else if (Number.isFinite(remainingMs)) this.timer = setTimeout(() => this.arm(), remainingMs).unref();
  }

  private pass(): void {
    const { name = '', endsAt = Infinity } = this.step ?? {};
    const message =
      endsAt <= this.endsAt
        ? `The step ${name} did not end in the time that it may take.`
        : `The deployment did not become RUNNING in the time that it may take; it was in the step ${name}.`;
    this.controller.abort(new StepFailure('DEADLINE_EXCEEDED', message));
  }
}
