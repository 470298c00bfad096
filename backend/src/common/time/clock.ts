import { Injectable } from '@nestjs/common';

/** The current time, injected so that tests set it instead of sleeping. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }

  /** Milliseconds since an arbitrary start, for durations: a change of the machine's clock does not affect it. */
  monotonicMs(): number {
    return performance.now();
  }
}
