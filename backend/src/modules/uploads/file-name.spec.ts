import { describe, expect, it } from 'vitest';
import { decodeName, encodeName } from './file-name.js';

describe('the name of a file', () => {
  it.each(['a', 'grün', '日本', '😀.txt', '\ufffd', ''])('must be text where it is UTF-8: %j', (name) => {
    expect(decodeName(Buffer.from(name))).toBe(name);
    expect(encodeName(name)).toEqual(Buffer.from(name));
  });

  it.each(['gr\xfcn.txt', '\xff', 'a\xc3', '\xed\xb2\x80', '\xf0\x9f\x98\x80\xfe', '\xc3\xa9\xe9'])(
    'must keep bytes that are not: %j',
    (latin1) => {
      const bytes = Buffer.from(latin1, 'latin1');
      const name = decodeName(bytes);
      expect(name.isWellFormed()).toBe(false);
      expect(encodeName(name)).toEqual(bytes);
    },
  );

  it('must differ for different bytes', () => {
    const names = ['\xfc', '\xfd'].map((latin1) => decodeName(Buffer.from(latin1, 'latin1')));
    expect(new Set([...names, '\ufffd', 'ü']).size).toBe(4);
  });
});
