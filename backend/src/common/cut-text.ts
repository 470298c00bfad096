/** Longer than what people write, shorter than what a hostile text stacks on one letter. */
const MAX_CHARACTER = 64;
const characters = new Intl.Segmenter();

/** Cuts to so many UTF-16 code units. A character as readers see it, such as an emoji of several parts, stays whole or goes. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const from = Math.max(0, maxLength - MAX_CHARACTER);
  const { index } = characters.segment(text.slice(from, maxLength + MAX_CHARACTER)).containing(maxLength - from) ?? {
    index: 0,
  };
  return index > 0 ? text.slice(0, from + index) : withoutHalfPair(text.slice(0, maxLength));
}

/** As `cutText`, with `…` at the end of what was cut. */
export function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${cutText(text, maxLength - 1)}…`;
}

/** The characters of a text; one of excessive length in its code points. */
export function charactersOf(text: string): string[] {
  return Array.from(characters.segment(text), ({ segment }) =>
    segment.length > MAX_CHARACTER ? [...segment] : [segment],
  ).flat();
}

function withoutHalfPair(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}
