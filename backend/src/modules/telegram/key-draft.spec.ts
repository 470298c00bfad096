import { describe, expect, it } from 'vitest';
import { SCOPES } from '#src/common/decorators/access.js';
import { draftKeyboard, FIRST_DRAFT, isDraftName, type KeyDraft, readDraft } from './key-draft.js';

const ENVIRONMENTS = [
  { id: 'clx0a1b2c3d4e5f6g7h8i9j0k', name: 'staging' },
  { id: 'clx0a1b2c3d4e5f6g7h8i9j0l', name: 'prod' },
];
const LONGEST: KeyDraft = {
  scopes: [...SCOPES],
  ttlDays: 30,
  environmentId: ENVIRONMENTS[0]?.id ?? null,
  name: 'x'.repeat(20),
};

function pressed(draft: KeyDraft, text: RegExp) {
  const button = draftKeyboard(draft, true, ENVIRONMENTS)
    .flat()
    .find((one) => text.test(one.text));
  return readDraft(button?.callback_data ?? '');
}

describe('the draft of a key in the bot', () => {
  it('must fit into the 64 bytes of a button, whatever is chosen', () => {
    const data = draftKeyboard(LONGEST, true, ENVIRONMENTS).flatMap((row) => row.map((one) => one.callback_data ?? ''));
    expect(Math.max(...data.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(64);
  });

  it('must keep what is chosen when one thing changes', () => {
    expect(pressed(LONGEST, /prod/)).toEqual({
      kind: 'changed',
      draft: { ...LONGEST, environmentId: ENVIRONMENTS[1]?.id },
    });
    expect(pressed(LONGEST, /all environments/)).toMatchObject({ draft: { environmentId: null, name: LONGEST.name } });
    expect(pressed(LONGEST, /7 days/)).toEqual({ kind: 'changed', draft: { ...LONGEST, ttlDays: 7 } });
    expect(pressed(LONGEST, /LOGS_READ/)).toMatchObject({ draft: { environmentId: LONGEST.environmentId } });
    expect(pressed(LONGEST, /Create/)).toEqual({ kind: 'create', draft: LONGEST });
    expect(pressed(FIRST_DRAFT, /Create/)).toEqual({ kind: 'create', draft: FIRST_DRAFT });
  });

  it('must show the chosen environment, and none where the user has none', () => {
    const texts = (environments: typeof ENVIRONMENTS) =>
      draftKeyboard(LONGEST, false, environments).flatMap((row) => row.map(({ text }) => text));
    expect(texts(ENVIRONMENTS)).toEqual(expect.arrayContaining(['○ all environments', '◉ staging', '○ prod']));
    expect(texts([]).join()).not.toContain('environments');
  });

  it.each([
    ...['', 'key:999:30:go', 'key:999:30::go:', 'key:31:31::go:', 'key:31:30::t9:', 'key:31:30::l8:'],
    ...['key:31:30:A-B:go:', 'key:31:30::go:-x', `key:31:30::go:${'x'.repeat(21)}`],
    ...['key:31:30::go:<b>', 'key:31:30::go:a\nb'],
  ])('must refuse forged data: %j', (data) => expect(readDraft(data)).toBeUndefined());

  it('must take the buttons of messages that an earlier version sent', () => {
    const draft = { scopes: FIRST_DRAFT.scopes.slice(0, 1), ttlDays: 7, environmentId: null, name: '' };
    expect(readDraft('key:1:7:go')).toEqual({ kind: 'create', draft });
    expect(readDraft('key:1:30:l7')).toEqual({ kind: 'changed', draft });
  });

  it('must take short names only', () => {
    expect(['', 'ci', 'a b.c_d@e/f-g'].map(isDraftName)).toEqual([true, true, true]);
    expect(['ä', '-', 'x'.repeat(21), 'a:b', '<b>'].map(isDraftName)).toEqual([false, false, false, false, false]);
  });
});
