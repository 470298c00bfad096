import { isUtf8 } from 'node:buffer';

/** A byte that is not UTF-8 is a lone surrogate, which no valid name has: as `surrogateescape` of Python. */
const ESCAPE = 0xdc00;
const MAX_SEQUENCE_BYTES = 4;

/** Decodes a file name, which may be any bytes but NUL and `/`, so that `encodeName` restores it. */
export function decodeName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let name = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    name += length > 0 ? bytes.toString('utf8', at, at + length) : String.fromCharCode(ESCAPE + (bytes[at] ?? 0));
    at += Math.max(length, 1);
  }
  return name;
}

export function encodeName(name: string): Buffer {
  if (name.isWellFormed()) return Buffer.from(name);
  const parts = [...name].map((character) => {
    const code = character.charCodeAt(0) - ESCAPE;
    return character.length === 1 && code >= 0x80 && code <= 0xff ? Buffer.of(code) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}

/** Bytes of the character at a position; 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= Math.min(MAX_SEQUENCE_BYTES, bytes.length - at); length++)
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  return 0;
}
