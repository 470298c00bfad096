import { useSignal } from '@preact/signals';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { styledParts } from './ansi.js';

const ROW_PX = 20;
/** Rows that are kept above and below what is shown. */
const MARGIN = 20;

export interface LogLine {
  time: string;
  text: string;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** Renders only the rows that are shown, so that a long log scrolls as a short one. `version` changes with `lines`. */
export function LogView({ lines, version, label }: { lines: LogLine[]; version: number; label: string }) {
  const query = useSignal('');
  const follows = useSignal(true);
  const top = useSignal(0);
  const height = useSignal(400);
  const box = useRef<HTMLDivElement>(null);

  const found = useMemo(() => {
    const wanted = query.value.toLowerCase();
    return wanted ? lines.filter(({ text }) => text.toLowerCase().includes(wanted)) : lines;
  }, [version, query.value, lines]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    height.value = element.clientHeight;
    if (follows.value) element.scrollTop = element.scrollHeight;
  });

  const scrolled = (): void => {
    const element = box.current;
    if (!element) return;
    top.value = element.scrollTop;
    follows.value = element.scrollTop + element.clientHeight >= element.scrollHeight - ROW_PX;
  };
  const first = Math.max(0, Math.floor(top.value / ROW_PX) - MARGIN);
  const shown = found.slice(first, first + Math.ceil(height.value / ROW_PX) + 2 * MARGIN);
  return (
    <>
      <div class="row">
        <label>
          Search <input type="search" value={query} onInput={(event) => (query.value = event.currentTarget.value)} />
        </label>
        <label>
          <input
            type="checkbox"
            checked={follows}
            onChange={(event) => (follows.value = event.currentTarget.checked)}
          />
          Follow
        </label>
        <span class="note">
          {query.value ? `${found.length} of ` : ''}
          {lines.length} lines
        </span>
      </div>
      <div class="log" role="log" aria-live="off" aria-label={label} tabIndex={0} ref={box} onScroll={scrolled}>
        {lines.length === 0 && <p class="note">Nothing was printed yet.</p>}
        <div style={{ height: `${found.length * ROW_PX}px`, paddingTop: `${first * ROW_PX}px` }}>
          {shown.map(({ time, text }, index) => (
            <div class="line" key={first + index}>
              {time && (
                <time dateTime={time} title={`UTC ${time}`}>
                  {CLOCK.format(Date.parse(time))}
                </time>
              )}{' '}
              {styledParts(text).map((part, place) => (
                <span key={place} class={part.classes.join(' ')}>
                  {part.text}
                </span>
              ))}
            </div>
          ))}
        </div>
      </div>
    </>
  );
}

/** Splits what the API returns for logs: each line is `{time} {text}`. */
export function parseLog(logs: string): LogLine[] {
  const lines = logs.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => {
    const [, time = '', text = line] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (.*)$/.exec(line) ?? [];
    return { time, text };
  });
}
