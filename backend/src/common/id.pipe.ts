import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { invalidField } from './errors/domain-error.js';

/** Every id of ours: cuids, jobIds, keyIds. What else stands in a path or a body never reaches the database. */
export const ID = /^[\w.-]{1,64}$/;

export class IdPipe implements PipeTransform<unknown> {
  transform(value: unknown, { type, data }: ArgumentMetadata): unknown {
    if (type === 'param' && typeof value === 'string' && !ID.test(value))
      throw invalidField(data ?? 'id', 'must be an id');
    return value;
  }
}
