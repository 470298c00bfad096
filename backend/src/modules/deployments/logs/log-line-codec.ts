import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';

/** A line of a log as a row of the database holds it, one JSON list a line. */
type KeptLine = [time: string, taskId: string, stream: 'stdout' | 'stderr', text: string];

/** PostgreSQL takes no NUL. */
export function encodeLogLine({ time, taskId, stream, text }: TaskLogLine): KeptLine {
  return [time, taskId, stream, text.replaceAll('\0', '')];
}

export function decodeLogLine(json: string): TaskLogLine {
  const [time, taskId, stream, text] = JSON.parse(json) as KeptLine;
  return { time, taskId, stream, text };
}
