import type { Response } from 'express';
import { formatLine, milliseconds } from '#src/integrations/docker/log-decoder.js';
import type { LogsDto } from '#src/modules/deployments/dto/deployment.dto.js';
import type { PositionedLine } from '#src/modules/deployments/logs/positioned-lines.js';
import { StreamingResponse } from './streaming-response.js';

/** Sends the lines as they are printed: as `log` events, or as text when the client accepts that only. */
export async function answerFollowedLogs(
  response: Response,
  follow: (closed: AbortSignal) => Promise<AsyncGenerator<PositionedLine>>,
): Promise<void> {
  const answer = new StreamingResponse(response);
  const lines = await follow(answer.closed);
  if (response.req.accepts('text/event-stream', 'text/plain') === 'text/plain') await answer.text(lines, formatLine);
  else await answer.events(asEvents(lines));
}

/** Sends the lines as JSON, or as text when the client accepts that only. */
export function answerLogs(response: Response, logs: string): void {
  response.format({
    'application/json': () => response.json({ logs } satisfies LogsDto),
    'text/plain': () => response.send(logs),
    default: () => response.json({ logs }),
  });
}

async function* asEvents(lines: AsyncGenerator<PositionedLine>) {
  for await (const { id, time, stream, text } of lines)
    yield { id, event: 'log' as const, data: { time: milliseconds(time), stream, text } };
}
