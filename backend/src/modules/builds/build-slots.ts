import { Injectable } from '@nestjs/common';
import { KeyedSemaphore } from '#src/common/keyed-semaphore.js';
import { Config } from '#src/config/config.js';

/** Limits concurrent clones and builds to BUILD_CONCURRENCY. */
@Injectable()
export class BuildSlots extends KeyedSemaphore {
  constructor({ build }: Config) {
    super(build.concurrency);
  }
}
