import { Injectable } from '@nestjs/common';
import { customAlphabet, nanoid } from 'nanoid';

/**
 * Ids of rows that Prisma does not generate, and of names: Docker refuses a name that ends with nanoid's `-` or `_`.
 */
export const newId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 24);

/** Ids that clients see, injected so that tests can predict them. */
@Injectable()
export class IdSource {
  /** 16 characters of nanoid's alphabet `A-Za-z0-9_-`. */
  jobId(): string {
    return nanoid(16);
  }

  keyPart(): string {
    return nanoid(16);
  }

  /** Token of a magic link or of the pairing of an operator. */
  linkToken(): string {
    return nanoid(32);
  }
}
