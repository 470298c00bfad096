import { expect, it } from 'vitest';
import { textOf } from './readable-lines.js';

const err = { stack: 'Error: no\n    at somewhere' };

it('must show a warning as one line, without stack or context', () =>
  expect(textOf({ level: 40, msg: 'no way to Telegram\n    at somewhere', context: 'Bot', err })).toBe(
    'no way to Telegram',
  ));

it('must show where an error comes from, with its stack', () =>
  expect(textOf({ level: 50, msg: 'no', context: 'Pipeline', err })).toBe('Pipeline: no\nError: no\n    at somewhere'));

it('must name the source of a debug line', () =>
  expect(textOf({ level: 20, msg: 'mapped', context: 'RouterExplorer' })).toBe('RouterExplorer: mapped'));
