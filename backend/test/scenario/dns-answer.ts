/** RFC 1035: the same question, and one address that is valid for a second. */
export function dnsAnswer(query: Buffer, address: string): Buffer {
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 6);
  const record = Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number));
  return Buffer.concat([header, query.subarray(12), record]);
}
