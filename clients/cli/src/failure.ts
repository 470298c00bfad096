export const EXIT = { failed: 1, usage: 2, refused: 3 } as const;

/** An error with the text for standard error and the exit code. */
export class Failure extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}
