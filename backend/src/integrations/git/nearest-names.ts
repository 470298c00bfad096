/** Only so many names, and so much of each, are compared: a repository may have any number of refs. */
const MAX_NAMES = 2000;
const MAX_CHARACTERS = 100;
const MAX_NEAR = 3;
/** Two names are near when at least this part of the longer one is their common start and end. */
const MIN_COMMON_PART = 0.5;

/** The names that a user may have meant, the nearest first. Linear in the size of the names. */
export function nearestNames(wanted: string, names: string[]): string[] {
  const target = plain(wanted);
  if (target === '') return [];
  return names
    .slice(0, MAX_NAMES)
    .map((name) => ({ name, score: nearness(target, plain(name)) }))
    .filter(({ score }) => score >= MIN_COMMON_PART)
    .sort((a, b) => b.score - a.score)
    .slice(0, MAX_NEAR)
    .map(({ name }) => name);
}

/** 1 for equal names, 0 for names that share neither their start nor their end. */
function nearness(wanted: string, name: string): number {
  const [short, long] = wanted.length < name.length ? [wanted, name] : [name, wanted];
  if (short === '') return 0;
  if (short.length > 2 && (long.startsWith(short) || long.endsWith(short))) return 0.9;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start += 1;
  let end = 0;
  while (end < short.length - start && short.at(-1 - end) === long.at(-1 - end)) end += 1;
  return (start + end) / long.length;
}

/** Without the case and the separators, which people confuse. */
function plain(name: string): string {
  return name
    .slice(0, MAX_CHARACTERS)
    .toLowerCase()
    .replace(/[-_./ ]/g, '');
}
