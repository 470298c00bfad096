import { safeText } from '#src/common/safe-text.js';
import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';

/** A log line as stored in the database: one JSON array per line. */
type StoredLine = [time: string, taskId: string, stream: 'stdout' | 'stderr', text: string];

/** Lines are cut earlier, and say so. */
const MAX_LENGTH = 17_000;

/** Encodes a line as safe text: PostgreSQL rejects NUL, and what a container prints may be anything. */
export function encodeLogLine({ time, taskId, stream, text }: TaskLogLine): StoredLine {
  return [time, taskId, stream, safeText(text, { maxLength: MAX_LENGTH })];
}

export function decodeLogLine(json: string): TaskLogLine {
  const [time, taskId, stream, text] = JSON.parse(json) as StoredLine;
  return { time, taskId, stream, text };
}
