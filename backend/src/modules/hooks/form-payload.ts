const [PLUS, PERCENT, AMPERSAND, EQUALS, SPACE] = [0x2b, 0x25, 0x26, 0x3d, 0x20];
const NAME = 'payload';

/**
 * Decodes the field `payload` of a form (application/x-www-form-urlencoded) while it arrives: the JSON that GitHub and
 * Gitea send with that content type. Other fields are skipped.
 */
export class FormPayload {
  /** Bytes of an escape or of a field's name that the next part completes. */
  private rest: Buffer = Buffer.alloc(0);
  private state: 'name' | 'payload' | 'skip' | 'end' = 'name';

  /** The decoded bytes of this part. */
  push(part: Buffer): Buffer {
    const input = this.rest.length > 0 ? Buffer.concat([this.rest, part]) : part;
    this.rest = Buffer.alloc(0);
    const output = Buffer.allocUnsafe(input.length);
    let length = 0;
    let at = 0;
    while (at < input.length) {
      if (this.state !== 'payload') {
        at = this.skip(input, at);
        continue;
      }
      const byte = input[at] ?? 0;
      if (byte === AMPERSAND) this.state = 'end';
      else if (byte === PERCENT && at + 2 >= input.length) {
        this.rest = input.subarray(at);
        break;
      } else if (byte === PERCENT) {
        output[length++] = Number.parseInt(input.toString('latin1', at + 1, at + 3), 16);
        at += 2;
      } else output[length++] = byte === PLUS ? SPACE : byte;
      at += 1;
    }
    return output.subarray(0, length);
  }

  /** Position of the next byte to look at, outside the payload. */
  private skip(input: Buffer, at: number): number {
    if (this.state === 'end') return input.length;
    const end = input.indexOf(this.state === 'name' ? EQUALS : AMPERSAND, at);
    if (this.state === 'skip') {
      if (end < 0) return input.length;
      this.state = 'name';
      return end + 1;
    }
    if (end < 0) {
      // A longer name is not the one.
      if (input.length - at > NAME.length) this.state = 'skip';
      else this.rest = input.subarray(at);
      return input.length;
    }
    this.state = input.toString('latin1', at, end) === NAME ? 'payload' : 'skip';
    return this.state === 'payload' ? end + 1 : at;
  }
}
