import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { Gate } from '../../../common/gate.js';

/**
 * Most of a start is Swarm's waiting for itself: with a few at a time, cores are idle. Without any end to it, one crowd of deployments would have
 * everything else wait behind it, where nothing gives the engine less of the processor than those who are waited for.
 */
const AT_ONCE = 12 * availableParallelism();
/** What takes longer than that waits for something else than the machine. */
const LONGEST_MS = 10_000;

/** Whose containers may start now. */
@Injectable()
export class StartGate extends Gate {
  constructor() {
    super(AT_ONCE, LONGEST_MS);
  }
}
