export const EXIT = { failed: 1, usage: 2, refused: 3 } as const;

/** What the user reads on standard error, and how the program ends. */
export class Failure extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}
