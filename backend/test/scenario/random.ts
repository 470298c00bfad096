/** Chance that can be repeated: the same seed gives the same numbers (mulberry32). */
export class Random {
  constructor(private state: number) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** The text with a part of it repeated, lost, or another character in it. */
  mangled(text: string): string {
    const at = this.below(text.length + 1);
    switch (this.below(5)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return text.slice(0, at) + String.fromCodePoint(1 + this.below(0xd7fe)) + text.slice(at);
      case 2:
        return text.slice(at) + text.slice(0, at);
      case 3:
        return text + text.slice(at);
      default:
        return text;
    }
  }

  /** One of these, or something made of them. */
  value(base: readonly unknown[], depth = 0): unknown {
    if (depth > 3 || this.chance(0.6)) {
      const value = this.pick(base);
      return typeof value === 'string' && this.chance(0.5) ? this.mangled(value) : value;
    }
    const inner = () => this.value(base, depth + 1);
    if (this.chance(0.5)) return Array.from({ length: this.below(5) }, inner);
    return Object.fromEntries(
      Array.from({ length: this.below(4) }, () => [
        this.mangled(this.pick(['name', 'a.b', '__proto__', '0', 'é'])),
        inner(),
      ]),
    );
  }
}
