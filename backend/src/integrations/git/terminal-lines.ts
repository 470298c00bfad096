import { StringDecoder } from 'node:string_decoder';
import { cutText } from '#src/common/cut-text.js';

const MAX_LINE_LENGTH = 2000;

/** `isFinal` is false for a line that the next one overwrites, as git's progress does. */
export type OnLine = (line: string, isFinal: boolean) => void;

/** Splits a stream into lines as a terminal shows them: a line that ends in a carriage return is overwritten. */
export class TerminalLines {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(private readonly onLine: OnLine) {}

  push(chunk: Buffer): void {
    const parts = (this.rest + this.decoder.write(chunk)).split(/(\r\n|\r|\n)/);
    this.rest = (parts.pop() ?? '').slice(0, MAX_LINE_LENGTH);
    for (let index = 0; index + 1 < parts.length; index += 2) this.emit(parts[index] ?? '', parts[index + 1] !== '\r');
  }

  end(): void {
    this.emit(this.rest, true);
    this.rest = '';
  }

  private emit(text: string, isFinal: boolean): void {
    const line = cutText(text.trimEnd(), MAX_LINE_LENGTH);
    if (line !== '') this.onLine(line, isFinal);
  }
}
