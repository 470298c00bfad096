import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const NS_PER_SECOND = 1e9;

/** How long the event loop was blocked since the last reading: what one request may cost all others. */
export class EventLoopDelay {
  private readonly histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.histogram.enable();
  }

  /** Seconds. The timer's own interval is part of what the histogram records. */
  read(): { max: number; p99: number } {
    const seconds = (ns: number) => Math.max(0, ns / NS_PER_SECOND - RESOLUTION_MS / 1000);
    const isEmpty = this.histogram.count === 0;
    const delay = isEmpty
      ? { max: 0, p99: 0 }
      : { max: seconds(this.histogram.max), p99: seconds(this.histogram.percentile(99)) };
    this.histogram.reset();
    return delay;
  }
}
