import type { Request } from 'express';

/**
 * User agents of programs that open links on their own: link previews of messengers, mail scanners, search engines.
 * Some, such as Outlook's, identify as a browser: `Mozilla/` matches those and every browser.
 */
const ROBOT =
  /^mozilla\/|bot\b|bot[/ (]|crawl|spider|preview|slack|telegram|facebook|facebot|whatsapp|twitter|linkedin|discord|skype|teams|outlook|safelinks|microsoft|office|proofpoint|mimecast|barracuda|symantec|trendmicro|scanner|linkcheck|embed|unfurl|snap|pinterest|viber|google|bing|yahoo|apple/i;
const PREFETCH = /prefetch|preview|prerender/i;
const PREFETCH_HEADERS = ['purpose', 'sec-purpose', 'x-purpose', 'x-moz'];

/**
 * Whether a GET gets a page and changes nothing: for browsers, whose user presses a button on the page, and for
 * programs that open links on their own. Other programs, such as curl, use the link and get JSON.
 */
export function wantsPage(request: Request): boolean {
  const { headers, method } = request;
  return (
    method === 'HEAD' ||
    PREFETCH_HEADERS.some((name) => PREFETCH.test(String(headers[name] ?? ''))) ||
    headers['sec-fetch-mode'] === 'navigate' ||
    ROBOT.test(headers['user-agent'] ?? '') ||
    prefersHtml(request)
  );
}

export function prefersHtml(request: Request): boolean {
  return request.accepts(['application/json', 'text/html']) === 'text/html';
}
