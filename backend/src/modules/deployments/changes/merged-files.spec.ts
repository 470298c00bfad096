import { expect, it } from 'vitest';
import { filesByPath, mergedFiles } from './merged-files.js';

const STORED = [
  { path: '/a', contentBase64: 'QQ==', mode: '0400', uid: 1, gid: 2, secret: true },
  { path: '/b', contentBase64: 'Qg==', mode: '0444', uid: 0, gid: 0, secret: false },
];
const [A, B] = STORED;

it.each([
  ['nothing given', [], [A, B]],
  [
    'one replaced',
    [{ path: '/a', content: 'new' }],
    [{ path: '/a', content: 'new', mode: '0400', uid: 1, gid: 2, secret: true }, B],
  ],
  ['only its mode', [{ path: '/a', mode: '0440' }], [{ ...A, mode: '0440' }, B]],
  ['one removed', [{ path: '/a', content: null }], [B]],
  ['one added', [{ path: '/c', content: 'c' }], [{ path: '/c', content: 'c' }, A, B]],
  ['one removed that is not there', [{ path: '/x', content: null }], [A, B]],
  [
    'the same twice',
    [
      { path: '/c', content: '1' },
      { path: '/c', content: '2' },
    ],
    [{ path: '/c', content: '1' }, { path: '/c', content: '2' }, A, B],
  ],
  ['no path', [{ content: 'x' }], [{ content: 'x' }, A, B]],
  ['no object', ['x', null], ['x', null, A, B]],
  ['no list', 'x', 'x'],
  ['null', null, null],
])('files must merge by path: %s', (_title, given, expected) => {
  expect(mergedFiles(STORED, given)).toEqual(expected);
});

it('a file must differ by its bytes, mode, owner and kind, not by how they were written', () => {
  const [first, second] = [
    filesByPath([{ path: '/a', content: 'A' }]),
    filesByPath([{ path: '/a', contentBase64: 'QQ==', mode: '444', uid: 0, gid: 0, secret: false }]),
  ];
  expect(first).toEqual(second);
  for (const other of [
    { content: 'B' },
    { content: 'A', mode: '0400' },
    { content: 'A', uid: 1 },
    { content: 'A', secret: true },
  ])
    expect(filesByPath([{ path: '/a', ...other }])).not.toEqual(first);
});
