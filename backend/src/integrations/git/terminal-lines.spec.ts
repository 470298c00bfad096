import { describe, expect, it } from 'vitest';
import { TerminalLines } from './terminal-lines.js';

function linesOf(...chunks: (string | Buffer)[]): [string, boolean][] {
  const seen: [string, boolean][] = [];
  const lines = new TerminalLines((line, isFinal) => seen.push([line, isFinal]));
  for (const chunk of chunks) lines.push(Buffer.from(chunk));
  lines.end();
  return seen;
}

describe('the lines of a terminal', () => {
  it('must tell a line that is overwritten from one that stays', () => {
    expect(linesOf('Receiving objects:  50%\rReceiving objects: 100%, done.\nlast')).toEqual([
      ['Receiving objects:  50%', false],
      ['Receiving objects: 100%, done.', true],
      ['last', true],
    ]);
  });

  it('must join what is cut anywhere, inside a character too, and leave empty lines out', () => {
    const text = Buffer.from('größe\r\n\n  \nend\n');
    expect(linesOf(text.subarray(0, 3), text.subarray(3, 4), text.subarray(4))).toEqual([
      ['größe', true],
      ['end', true],
    ]);
  });

  it('must cut a line that has no end', () => {
    expect(linesOf('a'.repeat(5000), 'b'.repeat(5000))[0]?.[0]).toHaveLength(2000);
  });
});
