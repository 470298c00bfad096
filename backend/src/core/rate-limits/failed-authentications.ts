import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { tooManyRequests } from './too-many-requests.js';
import { WindowStorage } from './window-storage.js';

/** Limits guesses of keys: an address with too many failures is refused before bcrypt runs. */
@Injectable()
export class FailedAuthentications {
  constructor(
    private readonly storage: WindowStorage,
    private readonly config: Config,
  ) {}

  /** Throws RATE_LIMITED. */
  async refuseTooMany(ip: string | undefined): Promise<void> {
    const { authFailures, windowMs } = this.config.limits;
    const record = await this.storage.peek(key(ip), authFailures);
    if (record?.isBlocked)
      throw tooManyRequests(authFailures, windowMs, record.timeToBlockExpire, 'failed authentications');
  }

  async count(ip: string | undefined): Promise<void> {
    const { authFailures, windowMs } = this.config.limits;
    await this.storage.increment(key(ip), windowMs, authFailures);
  }
}

function key(ip: string | undefined): string {
  return `failed-authentications:${ip ?? ''}`;
}
