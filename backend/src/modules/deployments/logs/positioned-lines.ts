import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { advance, encodePosition, type LogPosition } from './log-position.js';

/** A line with the position after it, the id of its event. */
export type PositionedLine = TaskLogLine & { id: string };

/** Yields line by line, each with the position up to which a client that has it has read. */
export async function* positionedLines(
  source: AsyncGenerator<TaskLogLine[]>,
  from: LogPosition,
): AsyncGenerator<PositionedLine> {
  let position = from;
  for await (const lines of source) {
    for (const line of lines) {
      position = advance(position, line);
      yield { ...line, id: encodePosition(position) };
    }
  }
}
