/** Shorter values are everywhere in a text by chance. */
const MIN_LENGTH = 6;
const MIN_LINE_LENGTH = 16;
/** Values of variables that keep nothing secret. */
const ORDINARY = new Set(['production', 'development', 'staging', 'testing', 'localhost', '127.0.0.1', '0.0.0.0']);

/** The texts to mask so that these values are not shown: as they are, line by line, and as quoted by a program. */
export function secretTexts(values: string[]): string[] {
  const texts = values.flatMap((value) => {
    const lines = value.split('\n').filter((line) => line.length >= MIN_LINE_LENGTH);
    return [value, JSON.stringify(value).slice(1, -1), ...lines];
  });
  return [...new Set(texts)].filter((text) => text.length >= MIN_LENGTH && !ORDINARY.has(text));
}
