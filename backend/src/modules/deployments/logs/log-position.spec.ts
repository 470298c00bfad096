import { expect, it } from 'vitest';
import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { advance, decodePosition, encodePosition, isAfter, type LogPosition } from './log-position.js';

const line = (taskId: string, second: number): TaskLogLine => ({
  taskId,
  time: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
  stream: 'stdout',
  text: '',
});
const read = (lines: TaskLogLine[]) => lines.reduce<LogPosition>(advance, {});

it('must stay short and readable while containers restart for ever, and repeat and lose no line', () => {
  const position = read(Array.from({ length: 500 }, (_, index) => line(`task${index}`, index)));
  const id = encodePosition(position);
  expect(id.length).toBeLessThan(2500);
  const decoded = decodePosition(id) ?? {};
  expect(isAfter(decoded, line('task0', 0))).toBe(false);
  expect(isAfter(decoded, line('task499', 499))).toBe(false);
  expect(isAfter(decoded, line('task499', 500))).toBe(true);
  expect(isAfter(decoded, line('task500', 500))).toBe(true);
});

it('must keep each task apart while there are few', () => {
  const position = read([line('a', 10), line('b', 5)]);
  expect(isAfter(position, line('b', 7))).toBe(true);
  expect(isAfter(position, line('a', 7))).toBe(false);
  expect(isAfter(position, line('c', 1))).toBe(true);
  expect(decodePosition(encodePosition(position))).toEqual(position);
});
