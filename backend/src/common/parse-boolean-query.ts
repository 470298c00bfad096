import { Transform } from 'class-transformer';

/** Parses `true` and `false` of a query. Any other value is left as it is, so that the validator refuses it. */
export const ParseBooleanQuery = () =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));
