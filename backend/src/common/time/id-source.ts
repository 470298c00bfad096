import { Injectable } from '@nestjs/common';
import { customAlphabet, nanoid } from 'nanoid';

/** For rows whose id Prisma does not make, and for names: Docker refuses one that ends with nanoid's own `-` or `_`. */
export const newId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 24);

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
