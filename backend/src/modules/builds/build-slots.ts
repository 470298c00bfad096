import { Injectable } from '@nestjs/common';
import { KeyedSemaphore } from '#src/common/keyed-semaphore.js';
import { Config } from '#src/config/config.js';

/** Whose repository may be cloned and built now: BUILD_CONCURRENCY. */
@Injectable()
export class BuildSlots extends KeyedSemaphore {
  constructor({ build }: Config) {
    super(build.concurrency);
  }
}
