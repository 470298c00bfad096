import { StepFailure } from './step-failure.js';

/** When a deployment has to be RUNNING. */
export class Deadline {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor(private endsAt: number) {
    this.arm();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What others are the reason of does not count. Returns the new end. */
  async without(work: () => Promise<void>): Promise<Date> {
    clearTimeout(this.timer);
    const began = Date.now();
    try {
      await work();
    } finally {
      this.endsAt += Date.now() - began;
      this.arm();
    }
    return new Date(this.endsAt);
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private arm(): void {
    const pass = () =>
      this.controller.abort(
        new StepFailure('DEADLINE_EXCEEDED', 'The deployment did not become RUNNING in the time that it may take.'),
      );
    const remaining = this.endsAt - Date.now();
    if (remaining <= 0) pass();
    else if (Number.isFinite(remaining)) this.timer = setTimeout(pass, remaining).unref();
  }
}
