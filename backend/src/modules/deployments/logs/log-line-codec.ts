import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';

/** A log line as stored in the database: one JSON array per line. */
type StoredLine = [time: string, taskId: string, stream: 'stdout' | 'stderr', text: string];

/** Encodes a line without NUL, which PostgreSQL rejects. */
export function encodeLogLine({ time, taskId, stream, text }: TaskLogLine): StoredLine {
  return [time, taskId, stream, text.replaceAll('\0', '')];
}

export function decodeLogLine(json: string): TaskLogLine {
  const [time, taskId, stream, text] = JSON.parse(json) as StoredLine;
  return { time, taskId, stream, text };
}
