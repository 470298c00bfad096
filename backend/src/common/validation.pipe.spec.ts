import { expect, it } from 'vitest';
import { invalidField } from './errors/domain-error.js';
import { validationFailed } from './validation.pipe.js';

it('an error of fields must have one full stop at its end, whatever the messages end with', () => {
  const stopped = { path: 'image', message: 'IMAGE_NOT_FOUND: x does not exist.' };
  const plain = { path: 'tag', message: 'must be shorter' };
  expect(validationFailed([stopped]).options.detail).toBe('image IMAGE_NOT_FOUND: x does not exist.');
  expect(validationFailed([plain]).options.detail).toBe('tag must be shorter.');
  expect(validationFailed([stopped, plain]).options.detail).toBe(
    'image IMAGE_NOT_FOUND: x does not exist (and 1 more).',
  );
  expect(invalidField('a', 'is wrong.').options.detail).toBe('a is wrong.');
});
