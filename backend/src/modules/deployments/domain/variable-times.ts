export interface Variables {
  values: Record<string, string>;
  /** time of each name's value */
  times: Record<string, string>;
}

/** When each variable got its value: a value that the previous release had keeps its time. */
export function variableTimes(
  values: Record<string, string>,
  now: Date,
  previous: Variables | undefined,
): Record<string, string> {
  const before = new Map(Object.entries(previous?.values ?? {}));
  const times = new Map(Object.entries(previous?.times ?? {}));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const time = before.get(name) === value ? times.get(name) : undefined;
      return [name, time ?? now.toISOString()];
    }),
  );
}

/** Rows of older versions have no times: their variables are as old as they are. */
export function timesOf(
  names: string[],
  stored: Record<string, string> | null,
  createdAt: Date,
): Record<string, string> {
  const times = new Map(Object.entries(stored ?? {}));
  return Object.fromEntries(names.map((name) => [name, times.get(name) ?? createdAt.toISOString()]));
}
