import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { invalidField } from './errors/domain-error.js';

/**
 * Form of every id: cuids, jobIds, keyIds. Any other text in a path or a body is refused before it reaches the
 * database.
 */
export const ID = /^[\w.-]{1,64}$/;

export class IdPipe implements PipeTransform<unknown> {
  transform(value: unknown, { type, data }: ArgumentMetadata): unknown {
    if (type === 'param' && typeof value === 'string' && !ID.test(value))
      throw invalidField(data ?? 'id', 'must be an id');
    return value;
  }
}
