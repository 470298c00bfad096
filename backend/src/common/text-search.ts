/** True when the parts occur in this order. Linear, unlike a pattern with `.*` between them. */
export function containsInOrder(text: string, ...parts: string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}
