import { signal } from '@preact/signals';
import { duration } from './text.js';

const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 5000);

const FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** A moment, relative to now. The tooltip has it in the reader's zone and in UTC. */
export function Time({ at }: { at: string | null | undefined }) {
  if (!at) return <>–</>;
  const ms = now.value - Date.parse(at);
  const relative = ms >= 0 ? `${duration(ms)} ago` : `in ${duration(-ms)}`;
  return (
    <time dateTime={at} title={`${FORMAT.format(Date.parse(at))}, UTC ${at}`}>
      {Math.abs(ms) < 5000 ? 'just now' : relative}
    </time>
  );
}

/** From `from` until `to`, or until now. */
export function Elapsed({ from, to }: { from: string; to: string | null }) {
  return <span title={`from ${from}${to ? ` to ${to}` : ''}`}>{duration(elapsed(from, to))}</span>;
}

export function elapsed(from: string, to: string | null): number {
  return Math.max(0, (to ? Date.parse(to) : now.value) - Date.parse(from));
}
