/** The kinds of failure, as README.md lists them. */
export const EXIT = {
  failed: 1,
  usage: 2,
  refused: 3,
  unauthorized: 4,
  notFound: 5,
  timeout: 6,
  unreachable: 7,
} as const;

/** An error with the text for standard error and the exit code. */
export class Failure extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}

/** Returns the exit code for the HTTP status of an error response. */
export function exitOf(status: number): number {
  if (status === 401 || status === 403) return EXIT.unauthorized;
  if (status === 404 || status === 410) return EXIT.notFound;
  return status === 502 || status === 503 || status === 504 ? EXIT.unreachable : EXIT.refused;
}
