import type { Request } from 'express';

/**
 * Programs that open links without anybody having asked them to: previews of messengers, scanners of mail, search engines. Outlook's and others
 * call themselves a browser, and so does every browser: all of those are `Mozilla/`.
 */
const ROBOT =
  /^mozilla\/|bot\b|bot[/ (]|crawl|spider|preview|slack|telegram|facebook|facebot|whatsapp|twitter|linkedin|discord|skype|teams|outlook|safelinks|microsoft|office|proofpoint|mimecast|barracuda|symantec|trendmicro|scanner|linkcheck|embed|unfurl|snap|pinterest|viber|google|bing|yahoo|apple/i;
const PREFETCH = /prefetch|preview|prerender/i;
const PREFETCH_HEADERS = ['purpose', 'sec-purpose', 'x-purpose', 'x-moz'];

/**
 * Whether a GET must change nothing and be answered with a page: for people, who press a button there, and for everything that opens links on its
 * own. What is left are programs such as curl that were given the link, and take the answer as data.
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
