import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import type { Origin } from '#src/common/decorators/origin.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Config } from '#src/config/config.js';
import { MagicLinksService } from '#src/modules/auth/magic-links.service.js';
import { deadLinkPage, fullPage, keyPage, PAGE_POLICY } from './verify-page-texts.js';

/** HTML responses of the magic links. */
@Injectable()
export class VerifyPages {
  constructor(
    private readonly links: MagicLinksService,
    private readonly config: Config,
  ) {}

  /** Uses the link and returns the page with its key, or an error status and the reason. The key is not shown again. */
  async key(token: string, origin: Origin, response: Response): Promise<string> {
    try {
      const minted = await this.links.verify(token, origin);
      return this.answer(response, 200, keyPage(minted, this.config.http));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code === 'API_KEY_QUOTA_EXCEEDED') return this.answer(response, 409, fullPage(error.message));
      if (error.code !== 'MAGIC_LINK_INVALID') throw error;
      return this.answer(response, 401, deadLinkPage(await this.links.inspect(token)));
    }
  }

  answer(response: Response, status: number, text: string): string {
    response.status(status).type('html').setHeader('Content-Security-Policy', PAGE_POLICY);
    return text;
  }
}
