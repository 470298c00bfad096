/** Escaped markup. */
export class Html {
  constructor(readonly text: string) {}
}

/** Template tag that escapes every value except `Html`. */
export function html(strings: TemplateStringsArray, ...values: (string | Html | Html[])[]): Html {
  const parts = strings.map((part, index) => part + (index < values.length ? escaped(values[index] ?? '') : ''));
  return new Html(parts.join(''));
}

function escaped(value: string | Html | Html[]): string {
  if (Array.isArray(value)) return value.map(escaped).join('');
  if (value instanceof Html) return value.text;
  return value.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
