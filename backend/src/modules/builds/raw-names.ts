import type { Pack } from 'tar-stream';
import { encodeName } from '#src/modules/uploads/file-name.js';
import type { EntryHeader } from './source-tree.js';

const BLOCK_BYTES = 512;
const CHECKSUM_AT = 148;
/** What readers that know no extended headers see. */
const PLACEHOLDER = 'name-in-extended-header';

/**
 * Writes names that are not UTF-8 as an extended header before their entry, because tar-stream takes only text. Returns
 * the header of the entry; no other entry may be open.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export function withoutRawNames(pack: Pack, header: EntryHeader): EntryHeader {
  const { name, linkname } = header;
  if (name.isWellFormed() && (linkname ?? '').isWellFormed()) return header;
  const records = [record('path', name), ...(linkname ? [record('linkpath', linkname)] : [])];
  pack.push(extendedHeader(Buffer.concat(records)));
  return { ...header, name: PLACEHOLDER, ...(linkname && { linkname: PLACEHOLDER }) };
}

/** `{length of the whole record} {key}={value}\n` */
function record(key: string, value: string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), encodeName(value), Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function extendedHeader(records: Buffer): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES + Math.ceil(records.length / BLOCK_BYTES) * BLOCK_BYTES);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  block.write('PaxHeader');
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(records.length, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), CHECKSUM_AT);
  block.write('x', 156);
  block.write('ustar\u000000', 257);
  const checksum = block.subarray(0, BLOCK_BYTES).reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)}\u0000 `, CHECKSUM_AT);
  records.copy(block, BLOCK_BYTES);
  return block;
}
