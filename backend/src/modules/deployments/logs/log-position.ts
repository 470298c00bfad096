import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';

/**
 * Read position: the time of the last line read, by task id. A client that reconnects sends it and gets the lines after
 * it. Only the tasks that printed last have an entry, so that the position of a deployment whose containers restart for
 * ever stays short: every other task is read up to the time of the entry OTHERS.
 */
export type LogPosition = Readonly<Record<string, string>>;

/** More than the largest replica count, so that no running task is forgotten before it prints again. */
const MAX_TASKS = 40;
const OTHERS = '*';
const ENTRY = /^([a-z0-9]{1,25}|\*)=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)$/;

export function isAfter(position: LogPosition, { taskId, time }: TaskLogLine): boolean {
  return time > (position[taskId] ?? position[OTHERS] ?? '');
}

export function advance(position: LogPosition, { taskId, time }: TaskLogLine): LogPosition {
  const next = { ...position, [taskId]: time };
  return Object.keys(next).length > MAX_TASKS ? withoutOldest(next) : next;
}

/** Forgets the task whose last line is the oldest: an ended one, or one whose next line is newer than all entries. */
function withoutOldest(position: LogPosition): LogPosition {
  const { [OTHERS]: others = '', ...tasks } = position;
  const [task, time] = Object.entries(tasks).reduce((oldest, entry) => (entry[1] < oldest[1] ? entry : oldest));
  const rest = Object.entries(tasks).filter(([id]) => id !== task);
  return { ...Object.fromEntries(rest), [OTHERS]: time > others ? time : others };
}

/** The time to read the Engine's log from: an unknown task may have started at any time after it. */
export function earliest(position: LogPosition): string | undefined {
  return Object.values(position).sort()[0];
}

/** Encodes the position for the id of an event: `{task}={time};…` */
export function encodePosition(position: LogPosition): string {
  return Object.entries(position)
    .map(([task, time]) => `${task}=${time}`)
    .join(';');
}

/** Undefined for text that `encodePosition` cannot have produced. */
export function decodePosition(text: string): LogPosition | undefined {
  if (text === '') return {};
  const entries = text.split(';').map((entry) => ENTRY.exec(entry));
  if (entries.length > 100 || entries.some((entry) => !entry)) return undefined;
  return Object.fromEntries(entries.map((entry) => [entry?.[1] ?? '', entry?.[2] ?? '']));
}
