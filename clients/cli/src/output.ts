/** Aligns rows in columns. */
export function table(head: string[], rows: string[][]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map(
      (row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd() + '\n',
    )
    .join('');
}

/** Prints the value as JSON, or the text. */
export function print(asJson: boolean | undefined, value: unknown, text: string): void {
  process.stdout.write(asJson ? `${JSON.stringify(value, undefined, 2)}\n` : text);
}

/** Formats an age: 5 m, 3 h, 12 d. */
export function age(since: string | Date): string {
  const seconds = Math.max(0, (Date.now() - new Date(since).getTime()) / 1000);
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} m`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
