import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Operation } from '#src/common/decorators/operation.js';
import { type Origin, RequestOrigin } from '#src/common/decorators/origin.js';
import { MagicLinkTokenDto, VerifiedKeyDto } from '#src/modules/auth/verify.dto.js';
import { MagicLinksService } from '#src/modules/auth/magic-links.service.js';
import { wantsPage, prefersHtml } from './link-preview-guard.js';
import { VerifyPages } from './verify-pages.js';
import { confirmPage, deadLinkPage } from './verify-page-texts.js';

/** Endpoints of the magic links. */
@ApiTags('auth')
@Controller('auth/verify')
export class VerifyController {
  constructor(
    private readonly links: MagicLinksService,
    private readonly pages: VerifyPages,
  ) {}

  @Get()
  @Operation({
    id: 'openMagicLink',
    summary: 'Exchange a magic link for an API key, by its URL',
    description:
      'Uses the link, once. Browsers, link previews and prefetches (recognized by method, `Accept`, `Purpose`, `User-Agent`) get a page and do not use the link: the button of the page calls `POST /auth/verify`.',
    response: VerifiedKeyDto,
    alsoAs: ['text/html'],
    open: true,
    errors: ['MAGIC_LINK_INVALID', 'API_KEY_QUOTA_EXCEEDED'],
  })
  async open(
    @Query() { token }: MagicLinkTokenDto,
    @Req() request: Request,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) response: Response,
  ): Promise<VerifiedKeyDto | string> {
    response.vary('Accept').vary('User-Agent');
    if (!wantsPage(request)) return VerifiedKeyDto.from(await this.links.verify(token, origin));
    const link = await this.links.inspect(token);
    if (link?.state !== 'usable') return this.pages.answer(response, 401, deadLinkPage(link));
    return this.pages.answer(response, 200, confirmPage(token, link));
  }

  @Post()
  @HttpCode(200)
  @Operation({
    id: 'verifyMagicLink',
    summary: 'Exchange a magic link for an API key',
    description: 'Uses the link, once. With `Accept: text/html` the response is a page that shows the key.',
    response: VerifiedKeyDto,
    alsoAs: ['text/html'],
    open: true,
    examples: { 'the token of a link': { token: 'V1StGXR8_Z5jdHi6B-myTV1StGXR8_Z5' } },
    errors: ['MAGIC_LINK_INVALID', 'API_KEY_QUOTA_EXCEEDED'],
  })
  async verify(
    @Body() { token }: MagicLinkTokenDto,
    @Req() request: Request,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) response: Response,
  ): Promise<VerifiedKeyDto | string> {
    if (!prefersHtml(request)) return VerifiedKeyDto.from(await this.links.verify(token, origin));
    return this.pages.key(token, origin, response);
  }
}
