import { Injectable } from '@nestjs/common';
import { nanoid } from 'nanoid';

/** Ids that clients see, injected so that tests can foresee them. */
@Injectable()
export class IdSource {
  /** 16 characters of nanoid's alphabet `A-Za-z0-9_-`. */
  jobId(): string {
    return nanoid(16);
  }

  keyPart(): string {
    return nanoid(16);
  }

  /** What opens a magic link, or pairs an operator. */
  linkToken(): string {
    return nanoid(32);
  }
}
