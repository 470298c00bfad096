import { Injectable } from '@nestjs/common';
import { Gate } from '#src/common/gate.js';
import { Config } from '#src/config/config.js';

/** Whose repository may be cloned and built now: BUILD_CONCURRENCY. */
@Injectable()
export class BuildGate extends Gate {
  constructor({ build }: Config) {
    super(build.concurrency);
  }
}
