/** At most so many at a time; the others in the order in which they came, and those who can wait after all of them. */
export class Semaphore {
  private free: number;
  private readonly waiting: (() => void)[] = [];
  private readonly patient: (() => void)[] = [];

  constructor(limit: number) {
    this.free = limit;
  }

  async run<T>(work: () => Promise<T>, { canWait = false } = {}): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => (canWait ? this.patient : this.waiting).push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift() ?? this.patient.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
