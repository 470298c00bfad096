import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';

/** How far each task's log was read: the time of its last line, by the task's id. A reader that comes back says this and gets what follows. */
export type LogPosition = Readonly<Record<string, string>>;

const ENTRY = /^([a-z0-9]{1,25})=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)$/;

export function isAfter(position: LogPosition, { taskId, time }: TaskLogLine): boolean {
  return time > (position[taskId] ?? '');
}

export function advance(position: LogPosition, { taskId, time }: TaskLogLine): LogPosition {
  return { ...position, [taskId]: time };
}

/** From where the Engine has to be asked: a task that was not heard of yet may have begun at any time. */
export function earliest(position: LogPosition): string | undefined {
  return Object.values(position).sort()[0];
}

/** As it stands in the id of an event: `{task}={time};…` */
export function encodePosition(position: LogPosition): string {
  return Object.entries(position)
    .map(([task, time]) => `${task}=${time}`)
    .join(';');
}

/** Undefined for what nobody got from us. */
export function decodePosition(text: string): LogPosition | undefined {
  if (text === '') return {};
  const entries = text.split(';').map((entry) => ENTRY.exec(entry));
  if (entries.length > 100 || entries.some((entry) => !entry)) return undefined;
  return Object.fromEntries(entries.map((entry) => [entry?.[1] ?? '', entry?.[2] ?? '']));
}
