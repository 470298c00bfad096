import { expect, it } from 'vitest';
import { asSentence } from './as-sentence.js';

it.each([
  ['port is taken', 'port is taken.'],
  ['It is full.', 'It is full.'],
  ['It is full. \n', 'It is full.'],
  ['Really?', 'Really?'],
  ['and more…', 'and more…'],
])('a sentence must have one end: %j', (text, expected) => {
  expect(asSentence(text)).toBe(expected);
});
