import { describe, expect, it } from 'vitest';
import { MAX_TEXT, partsOf, plainText, splitHtml } from './message-parts.js';
import { escapeHtml } from './update-context.js';

const send = (text: string, more: object = {}) => ({ method: 'sendMessage', params: { chat_id: 1, text, ...more } });
const textsOf = (text: string) => partsOf(send(text)).map(({ params }) => String(params['text']));

describe('a message', () => {
  it('must stay as it is when it fits', () => {
    expect(partsOf(send('x'.repeat(MAX_TEXT - 2)))).toEqual([send('x'.repeat(MAX_TEXT - 2))]);
  });

  it('must be split between lines, and be complete', () => {
    const text = Array.from({ length: 100 }, (_, index) => `line ${index} ${'x'.repeat(60)}`).join('\n');
    const parts = textsOf(text);
    expect(parts).toHaveLength(2);
    expect(parts.join('\n')).toBe(text);
  });

  it.each(['😀', '👩‍👩‍👧‍👦', 'e\u0301', '<&>', '🇩🇪', 'a\u0301\u0302\u0303'])(
    'must never be cut within a character or an entity: %s',
    (character) => {
      for (const before of ['', 'x', 'xx', 'xxx', 'xxxx', 'xxxxx']) {
        const html = `<b>${before}${escapeHtml(character.repeat(1000))}</b>`;
        const parts = splitHtml(html, 500);
        expect(parts.map(plainText).join('')).toBe(before + character.repeat(1000));
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(500);
          expect(part).toMatch(/^<b>(?:[^<>&]|&(?:lt|gt|amp);)*<\/b>$/);
          expect(part.isWellFormed()).toBe(true);
        }
      }
    },
  );

  it('must close its tags at the end of a part and open them in the next', () => {
    const parts = splitHtml(`<b>name</b> <code>${'word '.repeat(100)}</code> end`, 200);
    expect(parts.at(0)).toMatch(/^<b>name<\/b> <code>(word ?)+<\/code>$/);
    expect(parts.at(1)).toMatch(/^<code>(word ?)+<\/code>$/);
    expect(parts.at(-1)).toMatch(/<\/code> end$/);
  });

  it('must end where it would be a flood, and say so', () => {
    const parts = textsOf('word '.repeat(10_000));
    expect(parts).toHaveLength(4);
    expect(parts.at(-1)).toMatch(/\n…$/);
    for (const part of parts) expect(part.length).toBeLessThanOrEqual(MAX_TEXT);
  });

  it('must pass the limit with nothing that Telegram refuses: no half characters, no empty part', () => {
    expect(textsOf(`\ud83d${'y'.repeat(5000)}${'\n'.repeat(9000)}`).every((part) => part.isWellFormed())).toBe(true);
    expect(textsOf('\n'.repeat(9000) + 'end')).toEqual([expect.stringContaining('end')]);
    expect(textsOf(`a${'\u0301'.repeat(9000)}`).every(({ length }) => length <= MAX_TEXT)).toBe(true);
  });

  it('must have its buttons at the end, and edit one message only', () => {
    const reply_markup = { inline_keyboard: [] };
    const call = {
      method: 'editMessageText',
      params: { chat_id: 1, message_id: 7, text: 'y '.repeat(3000), reply_markup },
    };
    const [first, second, ...more] = partsOf(call);
    expect(first).toMatchObject({ method: 'editMessageText', params: { message_id: 7 } });
    expect(first?.params).not.toHaveProperty('reply_markup');
    expect(second).toMatchObject({ method: 'sendMessage', params: { chat_id: 1, reply_markup } });
    expect(second?.params).not.toHaveProperty('message_id');
    expect(more).toEqual([]);
  });

  it('must be short in a dialog of a button', () => {
    const [alert] = partsOf({ method: 'answerCallbackQuery', params: { text: 'z'.repeat(300) } });
    expect(alert?.params['text']).toBe(`${'z'.repeat(199)}…`);
  });
});
