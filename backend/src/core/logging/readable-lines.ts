import pretty from 'pino-pretty';

const DEBUG_LEVEL = 20;
const ERROR_LEVEL = 50;

/** The fields of a record that lines for people are made of, as pino writes them. */
interface LogRecord {
  level: number;
  msg?: string;
  context?: string;
  err?: { stack?: string };
}

/**
 * A line for each record, for people. It is written by this thread: at the end of the process no line is lost in a
 * worker, and a worker costs more memory than the lines are worth.
 */
export function readableLines(output: { isTTY?: boolean }): pretty.PrettyStream {
  return pretty({
    destination: 1,
    sync: true,
    colorize: output.isTTY === true,
    hideObject: true,
    ignore: 'pid,hostname,err',
    translateTime: 'SYS:HH:MM:ss',
    messageFormat: (record) => textOf(record as unknown as LogRecord),
  });
}

/** The message; of an error its stack as well, and where it comes from for those who look for it. */
export function textOf({ level, msg = '', context, err }: LogRecord): string {
  const source = context !== undefined && (level <= DEBUG_LEVEL || level >= ERROR_LEVEL) ? `${context}: ` : '';
  if (level >= ERROR_LEVEL) return `${source}${msg}${err?.stack ? `\n${err.stack}` : ''}`;
  return source + (msg.split('\n', 1)[0] ?? '');
}
