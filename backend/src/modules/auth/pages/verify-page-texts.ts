import { contentSecurityPolicy } from '#src/common/content-security-policy.js';
import type { Scope } from '#src/common/decorators/access.js';
import type { Config } from '#src/config/config.js';
import type { MintedKey } from '#src/modules/auth/api-keys.service.js';
import type { LinkView } from '#src/modules/auth/magic-links.repository.js';
import { html, type Html } from './html.js';

/** Content-Security-Policy of the pages: no third-party and no inline content. */
export const PAGE_POLICY = contentSecurityPolicy({ 'form-action': "'self'" });

const DAY_SECONDS = 86_400;
const NEW_LINK_HINT = html`<p>Ask the bot for a new one with <code>/api_create</code>.</p>`;

/** The script shows the button and hands the key over: in a link it would be in the browser's history. */
const DASHBOARD_BUTTON = html`<button type="button" data-dashboard="key" hidden>Open the dashboard</button>`;

/** Asks before a key is created. The form sends the token: nothing happens until the user presses the button. */
export function confirmPage(token: string, { scopes, keyExpiresInSeconds, keyName, environmentIds }: LinkView): string {
  return page(
    'Create this API key?',
    html`<dl>
        ${boundsList(keyName, environmentIds)}
        <dt>It may</dt>
        <dd>${scopeList(scopes)}</dd>
        <dt>It expires</dt>
        <dd>${ttlText(keyExpiresInSeconds)}</dd>
      </dl>
      <form method="post" action="/auth/verify/form" data-json="/auth/verify">
        <input type="hidden" name="token" value="${token}" />
        <button type="submit" autofocus>Create the key</button>
      </form>
      <p class="note">The link works once. The key is shown once, on the next page.</p>`,
  );
}

export function keyPage({ apiKey, key }: MintedKey, { publicBaseUrl: baseUrl, hasDashboard }: Config['http']): string {
  const curl = `curl -H "X-API-Key: ${apiKey}" ${baseUrl}/auth/me`;
  return page(
    'Your API key',
    html`<p><strong>Copy it now: it is not shown again.</strong></p>
      ${copyable('key', 'API key', apiKey)}
      <dl>
        ${boundsList(key.name, key.environmentIds)}
        <dt>It may</dt>
        <dd>${scopeList(key.scopes)}</dd>
        <dt>It expires</dt>
        <dd>${key.expiresAt ? html`<time>${minute(key.expiresAt)}</time>` : html`never`}</dd>
      </dl>
      ${hasDashboard ? DASHBOARD_BUTTON : html``}
      <h2>Try it</h2>
      ${copyable('curl', 'First request', curl)}
      <p class="note">All of the API: <a href="/api/docs">${`${baseUrl}/api/docs`}</a></p>`,
  );
}

/** Explains why a link creates no key: it is used, expired, voided or unknown. */
export function deadLinkPage(link: LinkView | undefined): string {
  switch (link?.state) {
    case 'used':
      return page(
        'This link was used',
        html`<p>Its key was made and shown then, and cannot be shown again.</p>
          <p>Was it not you? Revoke the key with <code>/api_revoke</code> in the bot.</p>
          ${NEW_LINK_HINT}`,
      );
    case 'expired':
      return page(
        'This link has expired',
        html`<p>A link works for 15 minutes.</p>
          ${NEW_LINK_HINT}`,
      );
    case 'voided':
      return page(
        'This link was replaced',
        html`<p>A newer link took its place: only the latest one works.</p>
          ${NEW_LINK_HINT}`,
      );
    case 'usable':
    case undefined:
      return page(
        'This link is unknown',
        html`<p>Was it copied as a whole? It may also be older than a day.</p>
          ${NEW_LINK_HINT}`,
      );
  }
}

/** Explains why a link creates no key although it is usable: the user has too many keys. */
export function fullPage(reason: string): string {
  return page(
    'You have too many API keys',
    html`<p>${reason}</p>
      <p>Revoke one with <code>/api_revoke</code> in the bot, then open this link again.</p>`,
  );
}

function page(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · Berth</title>
        <link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png" />
        <link rel="stylesheet" href="/auth/verify/page.css" />
        <script src="/auth/verify/page.js" defer></script>
      </head>
      <body>
        <main>
          <p class="brand">Berth</p>
          <h1 tabindex="-1">${title}</h1>
          ${content}
        </main>
      </body>
    </html> `.text;
}

/** The script shows the button; without scripts the user selects the text. */
function copyable(id: string, label: string, text: string): Html {
  return html`<div class="copyable">
    <label for="${id}">${label}</label>
    <textarea id="${id}" readonly spellcheck="false" autocomplete="off" rows="2">${text}</textarea>
    <button type="button" data-copy="${id}" hidden>Copy</button>
  </div>`;
}

function boundsList(name: string | null, environmentIds: string[]): Html {
  const ids = environmentIds.map((id) => html`<code>${id}</code> `);
  return html`${
    name === null
      ? html``
      : html`<dt>Its name</dt>
          <dd>${name}</dd>`
  }
  ${
    ids.length === 0
      ? html``
      : html`<dt>It works only in environment</dt>
          <dd>${ids}</dd>`
  }`;
}

function scopeList(scopes: Scope[]): Html {
  return html`<ul>
    ${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}
  </ul>`;
}

function ttlText(seconds: number | null): string {
  if (seconds === null) return 'never';
  const days = Math.round(seconds / DAY_SECONDS);
  return `${days} day${days === 1 ? '' : 's'} after it is made`;
}

function minute(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
