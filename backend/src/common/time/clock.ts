import { Injectable } from '@nestjs/common';

/** The current time, injected so that tests set it instead of sleeping. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
