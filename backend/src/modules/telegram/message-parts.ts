import { charactersOf, shorten } from '#src/common/cut-text.js';
import type { TelegramCall } from '#src/integrations/telegram/telegram-api.js';

/**
 * Limits of https://core.telegram.org/bots/api#sendmessage in UTF-16 code units. Telegram counts after it has parsed the
 * HTML, which is never shorter than what it shows.
 */
export const MAX_TEXT = 4096;
const MAX_ALERT = 200;
/** More than this is a flood: then the last part ends with an ellipsis. */
const MAX_PARTS = 4;
const ELLIPSIS = '\n…';

/** Splits a call whose text is too long into several: the first edits or sends, the others send, the last has the buttons. */
export function partsOf(call: TelegramCall): TelegramCall[] {
  const { method, params } = call;
  const text = params['text'];
  if (typeof text !== 'string') return [call];
  if (method === 'answerCallbackQuery') return [{ method, params: { ...params, text: shorten(text, MAX_ALERT) } }];
  const parts = splitHtml(text.toWellFormed(), MAX_TEXT - ELLIPSIS.length);
  const shown = parts.slice(0, MAX_PARTS);
  return shown.map((part, index) => {
    const isLast = index === shown.length - 1;
    const { message_id: edited, reply_markup: buttons, ...rest } = params;
    return {
      method: index === 0 ? method : 'sendMessage',
      params: {
        ...rest,
        text: isLast && parts.length > shown.length ? part + ELLIPSIS : part,
        ...(index === 0 && edited !== undefined && { message_id: edited }),
        ...(isLast && buttons !== undefined && { reply_markup: buttons }),
      },
    };
  });
}

/** What HTML of the Bot API says, without tags. */
export function plainText(html: string): string {
  return html
    .replace(/<[^<>]*>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}

/** Where a part may end, and the tags that are open there. */
interface Cut {
  end: number;
  open: string[];
  /** 0: within a word; 1: after a blank; 2: after a line */
  rank: number;
}

/** Splits HTML between lines, else words, else characters, never within a tag or an entity. Tags are closed and opened again. */
export function splitHtml(html: string, maxLength: number): string[] {
  if (html.length <= maxLength) return [html];
  const tokens = tokensOf(html);
  const parts: string[] = [];
  let open: string[] = [];
  for (let start = 0; start < tokens.length;) {
    const cut = nextCut(tokens, start, open, maxLength);
    const part = [...open, ...tokens.slice(start, cut.end), ...closing(cut.open)].join('').trimEnd();
    if (plainText(part).trim() !== '') parts.push(part);
    open = cut.open;
    start = cut.end;
  }
  return parts;
}

/** Tags, entities, and characters as readers see them: none may be divided. */
function tokensOf(html: string): string[] {
  const tokens = html.match(/<[^<>]*>|&#?\w+;|[^<&]+|[<&]/g) ?? [];
  return tokens.flatMap((token) => (/^[<&]/.test(token) ? [token] : charactersOf(token)));
}

function nextCut(tokens: string[], start: number, opened: string[], maxLength: number): Cut {
  let open = opened;
  let length = lengthOf(opened);
  let best: Cut = { end: start + 1, open: openAfter(opened, tokens[start] ?? ''), rank: -1 };
  for (let end = start; end < tokens.length; end++) {
    const token = tokens[end] ?? '';
    open = openAfter(open, token);
    length += token.length;
    if (length + lengthOf(closing(open)) > maxLength) return best;
    const rank = rankOf(token);
    // A part that ends with a line is good only when it is not much shorter than the limit.
    if (rank >= best.rank || length < maxLength / 2) best = { end: end + 1, open, rank };
  }
  return { end: tokens.length, open, rank: 2 };
}

function rankOf(token: string): number {
  if (token === '\n') return 2;
  return token === ' ' ? 1 : 0;
}

/** `<b>` opens, `</b>` closes the last one. */
function openAfter(open: string[], token: string): string[] {
  if (!token.startsWith('<') || token.length < 3) return open;
  return token.startsWith('</') ? open.slice(0, -1) : [...open, token];
}

function closing(open: string[]): string[] {
  return open.toReversed().map((tag) => `</${/\w+/.exec(tag)?.[0] ?? ''}>`);
}

function lengthOf(tokens: string[]): number {
  return tokens.reduce((sum, { length }) => sum + length, 0);
}
