interface Waiting {
  resume: () => void;
  fail: (error: unknown) => void;
}

/** Runs a limited number of tasks at a time; the others wait in FIFO order. */
export class Semaphore {
  private readonly waiting: Waiting[] = [];

  /** `failsAll`: with such an error of a task, the waiting tasks fail with it instead of one after the other. */
  constructor(
    private free: number,
    private readonly failsAll: (error: unknown) => boolean = () => false,
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resume, fail) => this.waiting.push({ resume, fail }));
    try {
      return await work();
    } catch (error) {
      if (this.failsAll(error)) for (const { fail } of this.waiting.splice(0)) fail(error);
      throw error;
    } finally {
      const next = this.waiting.shift();
      if (next) next.resume();
      else this.free += 1;
    }
  }
}
