import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';

/** Containers that start together hold each other up in the kernel: fifty at once take longer than a few at a time, and nothing else is answered meanwhile. */
const AT_ONCE = 2 * availableParallelism();
/** What takes longer than that waits for something else than the machine. */
const LONGEST_MS = 10_000;

/** Whose containers may start now; the others wait in the order in which they came. */
@Injectable()
export class StartGate {
  private readonly inside = new Map<string, NodeJS.Timeout>();
  private readonly waiting: (() => void)[] = [];

  async enter(deploymentId: string, signal: AbortSignal): Promise<void> {
    while (!this.inside.has(deploymentId) && this.inside.size >= AT_ONCE) {
      await this.turn(signal);
      signal.throwIfAborted();
    }
    clearTimeout(this.inside.get(deploymentId));
    this.inside.set(deploymentId, setTimeout(() => this.leave(deploymentId), LONGEST_MS).unref());
  }

  /** Its containers run, or never will. Leaving again is fine. */
  leave(deploymentId: string): void {
    clearTimeout(this.inside.get(deploymentId));
    if (this.inside.delete(deploymentId)) this.waiting.shift()?.();
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', given);
        resolve();
      };
      const given = () => {
        const place = this.waiting.indexOf(done);
        if (place >= 0) this.waiting.splice(place, 1);
        resolve();
      };
      this.waiting.push(done);
      signal.addEventListener('abort', given, { once: true });
    });
  }
}
