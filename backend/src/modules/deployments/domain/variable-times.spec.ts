import { expect, it } from 'vitest';
import { timesOf, variableTimes } from './variable-times.js';

const EARLIER = '2026-01-01T00:00:00.000Z';
const now = new Date('2026-02-01T00:00:00.000Z');

it('a variable must have the time at which it got its value', () => {
  const previous = { values: { A: '1', B: '2', GONE: '3' }, times: { A: EARLIER, B: EARLIER, GONE: EARLIER } };
  expect(variableTimes({ A: '1', B: 'changed', C: 'new' }, now, previous)).toEqual({
    A: EARLIER,
    B: now.toISOString(),
    C: now.toISOString(),
  });
  expect(variableTimes({ A: '1' }, now, undefined)).toEqual({ A: now.toISOString() });
});

it('variables of a row without times must be as old as the row', () => {
  expect(timesOf(['A'], null, now)).toEqual({ A: now.toISOString() });
  expect(timesOf(['A', 'toString'], { A: EARLIER }, now)).toEqual({ A: EARLIER, toString: now.toISOString() });
});
