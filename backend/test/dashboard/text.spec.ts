import { describe, expect, it } from 'vitest';
import { styledParts } from '../../../clients/dashboard/src/ansi.js';
import { bytes, duration, variablesOf, visible, visibleAll, words } from '../../../clients/dashboard/src/text.js';

describe('visible', () => {
  it.each([
    ['a\u0000b', 'a␀b'],
    ['a\u001b[31mb', 'a␛[31mb'],
    ['invoice\u202etxt.exe', 'invoice⟨U+202E⟩txt.exe'],
    ['a\u200bb', 'a⟨U+200B⟩b'],
    ['a\u007fb\u0085', 'a␡b⟨U+0085⟩'],
    ['two\nlines\tand a tab: naïve, 日本語, 👩‍🚀'.replace('\u200d', ''), 'two\nlines\tand a tab: naïve, 日本語, 👩🚀'],
  ])('shows %j as %j', (text, shown) => expect(visible(text)).toBe(shown));

  it('reaches every string of a response, and the names of its fields', () => {
    expect(visibleAll({ envVars: { 'A\u202e': '*' }, list: ['\u0007', 1, null] })).toEqual({
      envVars: { 'A⟨U+202E⟩': '*' },
      list: ['␇', 1, null],
    });
  });
});

describe('styledParts', () => {
  it('turns colors and weight into classes, and everything else into text', () => {
    expect(styledParts('\u001b[1;31merror\u001b[0m <b>x</b> \u001b[92mok\u001b[39m.')).toEqual([
      { text: 'error', classes: ['bold', 'ansi-1'] },
      { text: ' <b>x</b> ', classes: [] },
      { text: 'ok', classes: ['ansi-2'] },
      { text: '.', classes: [] },
    ]);
  });

  it.each([
    ['a cursor that moves', 'a\u001b[2Kb\u001b[10;5Hc', 'abc'],
    ['a link', '\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007', 'click'],
    ['a sequence without an end', 'a\u001b]0;title', 'a␛]0;title'],
    ['an escape at the end', 'a\u001b', 'a␛'],
    ['a mark that reorders', '\u001b[31ma\u202eb', 'a⟨U+202E⟩b'],
  ])('leaves %s without effect', (_what, line, shown) =>
    expect(
      styledParts(line)
        .map(({ text }) => text)
        .join(''),
    ).toBe(shown),
  );

  it('takes linear time for a hostile line', () => {
    const begin = performance.now();
    styledParts('\u001b]'.repeat(50_000));
    styledParts('\u001b['.repeat(50_000));
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

it.each([
  ['node -e "console.log(1)"', ['node', '-e', 'console.log(1)']],
  ['sh -c \'echo "a b"\'', ['sh', '-c', 'echo "a b"']],
  [String.raw`printf "a \"b\""`, ['printf', 'a "b"']],
  ['  ', []],
])('splits %j into words', (line, expected) => expect(words(line)).toEqual(expected));

it('shows sizes and times in few characters', () => {
  expect([0, 1536, 52_428_800, 2 ** 40].map(bytes)).toEqual(['0 B', '1.5 KiB', '50 MiB', '1.0 TiB']);
  expect([200, 90_000, 1_800_000, 90_000_000, 864_000_000].map(duration)).toEqual([
    '0.2 s',
    '90 s',
    '30 min',
    '25 h',
    '10 d',
  ]);
});

describe('variablesOf', () => {
  it('keeps a value as it is, and leaves out empty lines', () => {
    expect(variablesOf(' A=1=2 \n\nB=')).toEqual({ variables: { A: '1=2 ', B: '' } });
  });

  it.each(['A=1\nB', '=1', 'A B=1'])('names the line that is something else: %j', (text) => {
    expect(variablesOf(text).mistake).toContain('is not NAME=value');
  });
});
