import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { Gate } from '../../../common/gate.js';

/**
 * Containers that start together hold each other up in the kernel: fifty at once take longer than a few at a time, and nothing else is answered meanwhile.
 * Most of a start is Swarm's waiting for itself: with one per core, cores are idle.
 */
const AT_ONCE = 3 * availableParallelism();
/** What takes longer than that waits for something else than the machine. */
const LONGEST_MS = 10_000;

/** Whose containers may start now. */
@Injectable()
export class StartGate extends Gate {
  constructor() {
    super(AT_ONCE, LONGEST_MS);
  }
}
