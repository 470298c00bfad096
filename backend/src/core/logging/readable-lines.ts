import pretty from 'pino-pretty';

const DEBUG_LEVEL = 20;
const ERROR_LEVEL = 50;

/** Fields of pino's records that readable lines use. */
interface LogRecord extends Record<string, unknown> {
  level: number;
  msg?: string;
  context?: string;
  err?: { stack?: string };
}

/**
 * Writes one readable line per record. It writes synchronously in this thread, so that no line is lost at the end of
 * the process; a worker would also cost more memory.
 */
export function readableLines(output: { isTTY?: boolean }): pretty.PrettyStream {
  return pretty({
    destination: 1,
    sync: true,
    colorize: output.isTTY === true,
    hideObject: true,
    ignore: 'pid,hostname,err',
    translateTime: 'SYS:HH:MM:ss',
    messageFormat: (record) => textOf(record as LogRecord),
  });
}

/** The message of a record; debug lines and errors with their context, errors with their stack. */
export function textOf({ level, msg = '', context, err }: LogRecord): string {
  const source = context !== undefined && (level <= DEBUG_LEVEL || level >= ERROR_LEVEL) ? `${context}: ` : '';
  if (level >= ERROR_LEVEL) return `${source}${msg}${err?.stack ? `\n${err.stack}` : ''}`;
  return source + (msg.split('\n', 1)[0] ?? '');
}
