/** The files that detection may read, as plain data that crosses to the planning thread. */
export interface SourceTexts {
  /** paths of all files of the build context, joined by NUL */
  names: string;
  /** the texts of `wantedFiles(names)`, without a byte order mark; a long one is cut */
  texts: ReadonlyMap<string, string>;
}

/** What detection may read of a build context: all paths, and the texts of the wanted files. */
export class SourceFiles {
  private constructor(
    readonly names: ReadonlySet<string>,
    private readonly texts: ReadonlyMap<string, string>,
  ) {}

  static from({ names, texts }: SourceTexts): SourceFiles {
    return new SourceFiles(new Set(names === '' ? [] : names.split('\0')), texts);
  }

  has(path: string): boolean {
    return this.names.has(path);
  }

  /** The first of these paths that exists. */
  first(...paths: string[]): string | undefined {
    return paths.find((path) => this.names.has(path));
  }

  /** True when a file is below the folder. */
  hasFolder(folder: string): boolean {
    for (const name of this.names) if (name.startsWith(`${folder}/`)) return true;
    return false;
  }

  /** The files below a folder, with paths from there. */
  below(folder: string): SourceFiles {
    const start = `${folder}/`;
    const names = [...this.names].filter((name) => name.startsWith(start));
    const texts = [...this.texts].filter(([name]) => name.startsWith(start));
    return new SourceFiles(
      new Set(names.map((name) => name.slice(start.length))),
      new Map(texts.map(([name, text]) => [name.slice(start.length), text])),
    );
  }

  /** Text of a wanted file; undefined for a file that does not exist or is not wanted. */
  text(path: string): string | undefined {
    return this.texts.get(path);
  }
}

/** 0 for a file of the root. */
export function depthOf(name: string): number {
  return name.split('/').length - 1;
}

/** Sorts names: those of the root first, then by the alphabet. */
export function closestFirst(a: string, b: string): number {
  return depthOf(a) - depthOf(b) || (a < b ? -1 : 1);
}
