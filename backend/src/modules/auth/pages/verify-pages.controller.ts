import { Body, Controller, Get, Header, HttpCode, Post, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '#src/common/decorators/access.js';
import { type Origin, RequestOrigin } from '#src/common/decorators/origin.js';
import { RateLimit } from '#src/common/decorators/rate-limit.js';
import { MagicLinkTokenDto } from '#src/modules/auth/verify.dto.js';
import { VerifyPages } from './verify-pages.js';

const CSS = `:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --sheet: #ffffff; --ink: #14202b; --soft: #526270; --line: #c9d2da; --accent: #0b5cad; --on-accent: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #0e151b; --sheet: #17212a; --ink: #e8eef3; --soft: #a3b3c0; --line: #34434f; --accent: #6db3f8; --on-accent: #08121b; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 16px; background: var(--ground); color: var(--ink); font: 17px/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 4vh auto; padding: 20px; background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; }
.brand { margin: 0; color: var(--soft); font-weight: 600; letter-spacing: 0.04em; }
h1 { margin: 0.2em 0 0.6em; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.4em 0 0.4em; font-size: 1.1rem; }
dt { color: var(--soft); }
dd { margin: 0 0 0.8em; }
ul { margin: 0; padding-left: 1.2em; }
code, textarea { font: 15px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
label { display: block; color: var(--soft); }
textarea { display: block; width: 100%; padding: 10px; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; resize: none; field-sizing: content; }
button { width: 100%; min-height: 48px; margin-top: 8px; padding: 10px 16px; color: var(--on-accent); background: var(--accent); border: 0; border-radius: 6px; font: inherit; font-weight: 600; cursor: pointer; }
button[hidden] { display: none; }
a { color: var(--accent); overflow-wrap: anywhere; }
h1:focus { outline: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.note { color: var(--soft); font-size: 0.92rem; }
`;

/**
 * The button calls the API as any client does and shows the page of the response; without scripts the form does the
 * same. The dashboard finds its key in the session storage of the tab. Where the clipboard API is unavailable, as over plain HTTP, the script copies the selected text.
 */
const JS = `const ready = () => {
  for (const button of document.querySelectorAll('[data-copy], [data-dashboard]')) button.hidden = false;
};
document.addEventListener('submit', async (event) => {
  const form = event.target;
  if (!form.dataset.json) return;
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    const answer = await fetch(form.dataset.json, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/html' },
      body: JSON.stringify({ token: form.elements.token.value }),
    });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    document.title = page.title;
    document.querySelector('main').replaceWith(page.querySelector('main'));
    ready();
    document.querySelector('h1').focus();
  } catch {
    button.disabled = false;
    button.textContent = 'That did not work: try again';
  }
});
document.addEventListener('click', async ({ target }) => {
  if (!target.dataset.copy) return;
  const field = document.getElementById(target.dataset.copy);
  let copied = false;
  try {
    await navigator.clipboard.writeText(field.value);
    copied = true;
  } catch {
    field.focus();
    field.select();
    copied = document.execCommand('copy');
    target.focus();
  }
  target.textContent = copied ? 'Copied' : 'Select the text and copy it';
  setTimeout(() => { target.textContent = 'Copy'; }, 3000);
});
document.addEventListener('click', ({ target }) => {
  if (!target.dataset.dashboard) return;
  try {
    sessionStorage.setItem('berth.key', document.getElementById(target.dataset.dashboard).value);
    location.assign('/dashboard');
  } catch {
    target.textContent = 'Copy the key: this browser stores nothing';
  }
});
ready();
`;

/** Serves the pages' CSS and script, and handles their form when scripts do not run. */
@ApiExcludeController()
@Controller('auth/verify')
@Public()
export class VerifyPagesController {
  constructor(private readonly pages: VerifyPages) {}

  @Get('page.css')
  @RateLimit('none')
  @Header('Content-Type', 'text/css; charset=utf-8')
  css(): string {
    return CSS;
  }

  @Get('page.js')
  @RateLimit('none')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  js(): string {
    return JS;
  }

  @Post('form')
  @HttpCode(200)
  @RateLimit('general')
  form(
    @Body() { token }: MagicLinkTokenDto,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) response: Response,
  ): Promise<string> {
    return this.pages.key(token, origin, response);
  }
}
