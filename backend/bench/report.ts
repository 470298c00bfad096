import { availableParallelism, loadavg } from 'node:os';
import { expect } from 'vitest';

interface Row {
  what: string;
  measured: number;
  baseline?: number;
  limit: number;
  /** at least instead of at most */
  isMinimum?: boolean;
  unit: string;
}

const HEAD = ['what', 'measured', 'baseline', 'ratio', 'limit', ''];

/** What was measured beside what it may be at most; a missed limit fails the run, after all figures are known. */
export class Report {
  private readonly rows: Row[] = [];
  /** Figures of a machine that has other work to do compare with nothing. */
  private readonly loadBefore = (loadavg()[0] ?? 0).toFixed(1);

  constructor(private readonly title: string) {}

  add(row: Row): void {
    this.rows.push(row);
  }

  /** Prints the table and throws when a limit is missed. */
  conclude(): void {
    const cells = [HEAD, ...this.rows.map(cellsOf)];
    const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    const lines = cells.map((row) => row.map((cell, column) => align(cell, widths[column] ?? 0, column)).join('  '));
    const load = `load before: ${this.loadBefore} on ${availableParallelism()} cores`;
    print(`\n${this.title} (${load})\n${lines.map((line) => `  ${line.trimEnd()}`).join('\n')}\n`);
    expect(
      this.rows.filter((row) => !isKept(row)).map(({ what }) => what),
      'limits that are missed',
    ).toEqual([]);
  }
}

/** A benchmark's output is its tables and how far it is; the test runner's console would head each line with a file's name. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function cellsOf(row: Row): string[] {
  const { what, measured, baseline, limit, isMinimum, unit } = row;
  const amount = (value: number) => (Number.isFinite(value) ? `${Math.round(value)}${unit && ` ${unit}`}` : 'none');
  return [
    what,
    amount(measured),
    baseline === undefined ? '' : amount(baseline),
    baseline === undefined ? '' : (measured / baseline).toFixed(2),
    `${isMinimum ? '≥' : '≤'} ${amount(limit)}`,
    isKept(row) ? 'ok' : 'NOT OK',
  ];
}

function isKept({ measured, limit, isMinimum }: Row): boolean {
  return isMinimum ? measured >= limit : measured <= limit;
}

function align(cell: string, width: number, column: number): string {
  return column === 0 || column === HEAD.length - 1 ? cell.padEnd(width) : cell.padStart(width);
}
