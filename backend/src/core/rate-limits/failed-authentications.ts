import { Injectable } from '@nestjs/common';
import { FairSemaphore } from '#src/common/fair-semaphore.js';
import { Config } from '#src/config/config.js';
import { clientAddress } from './client-address.js';
import { tooManyRequests } from './too-many-requests.js';
import { type WindowRecord, WindowStorage } from './window-storage.js';

/** bcrypt runs in the four threads that file and DNS operations use as well. */
const MAX_CHECKS = 2;

/** Limits guesses of keys: an address with too many failures is refused before bcrypt runs. */
@Injectable()
export class FailedAuthentications {
  private readonly checks = new FairSemaphore(MAX_CHECKS);

  constructor(
    private readonly storage: WindowStorage,
    private readonly config: Config,
  ) {}

  /**
   * Runs a check of a key. It counts as a failure while it runs, so that guesses sent at the same moment are limited
   * like guesses sent one after the other. Throws RATE_LIMITED.
   */
  async during<T>(ip: string | undefined, check: () => Promise<T>): Promise<T> {
    const address = clientAddress(ip);
    return this.checks.run(address, async () => {
      await this.count(ip);
      try {
        return await check();
      } finally {
        await this.storage.takeBack(key(address));
      }
    });
  }

  /** Throws RATE_LIMITED. */
  async refuseTooMany(ip: string | undefined): Promise<void> {
    this.refuseBlocked(await this.storage.peek(key(clientAddress(ip)), this.config.limits.authFailures));
  }

  /** Counts a failure. Throws RATE_LIMITED above the limit. */
  async count(ip: string | undefined): Promise<void> {
    const { authFailures, windowMs } = this.config.limits;
    this.refuseBlocked(await this.storage.increment(key(clientAddress(ip)), windowMs, authFailures));
  }

  private refuseBlocked(record: WindowRecord | undefined): void {
    const { authFailures, windowMs } = this.config.limits;
    if (record?.isBlocked)
      throw tooManyRequests(authFailures, windowMs, record.timeToBlockExpire, 'failed authentications');
  }
}

function key(address: string): string {
  return `failed-authentications:${address}`;
}
