import { Transform } from 'class-transformer';

/** `true` and `false` as a query has them. What is neither stays as it is, for the validator to refuse. */
export const ParseBooleanQuery = () =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));
