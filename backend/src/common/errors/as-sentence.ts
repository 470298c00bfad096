const ENDS = ['.', '!', '?', '…', ':'];

/** Ends a text with a full stop, unless it ends as a sentence already: what engines, registries and servers say often does. */
export function asSentence(text: string): string {
  const trimmed = text.trimEnd();
  return ENDS.some((end) => trimmed.endsWith(end)) ? trimmed : `${trimmed}.`;
}
