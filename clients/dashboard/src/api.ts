import { signal } from '@preact/signals';
import { type Client, createClient } from '../../typescript/src/client/index.js';
import { getMe, type Problem } from '../../typescript/src/index.js';
import { key, logIn, logOut, loggedOutBecause } from './session.js';
import { visibleAll } from './text.js';

/** One call of the generated client. The dashboard sends it, and shows it as a curl line. */
export type Call<T> = (client: Client) => Promise<{ data?: T; error?: unknown; response?: Response }>;

export const apiClient = createClient({ baseUrl: location.origin, auth: () => key.value });

/** Why nothing can be read now, or undefined. The next response clears it. */
export const outage = signal<ApiFailure | undefined>(undefined);

/** An error response, or status 0 when there was none. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? 'The API does not answer.');
  }

  /** The API or a part that it needs is unavailable: the same request may succeed later. */
  get isOutage(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

/** Returns the data with every string made visible. Throws an ApiFailure. */
export async function send<T>(call: Call<T>): Promise<T> {
  return visibleAll(await sendRaw(call));
}

/** Returns the data as it came. Throws an ApiFailure; a refused key ends the session. */
export async function sendRaw<T>(call: Call<T>): Promise<T> {
  const used = key.value;
  const { data, error, response } = await call(apiClient).catch((cause: unknown) => ({
    data: undefined,
    error: cause,
    response: undefined,
  }));
  if (response?.ok) {
    outage.value = undefined;
    return data as T;
  }
  const problem = error && typeof error === 'object' && 'detail' in error ? (error as Partial<Problem>) : {};
  const failure = new ApiFailure(response?.status ?? 0, visibleAll(problem));
  if (failure.status === 0 || failure.problem.code === 'DATABASE_UNAVAILABLE') outage.value = failure;
  if (failure.status === 401 && key.value === used && used) logOut('Your key was refused: it is revoked or expired.');
  throw failure;
}

/** Checks the key and begins the session. Throws an ApiFailure. */
export async function authenticate(candidate: string): Promise<void> {
  const owner = await send(() => getMe({ client: createClient({ baseUrl: location.origin, auth: () => candidate }) }));
  logIn(candidate, owner);
}

/** Reads the user of the key that the tab kept. */
export async function resume(): Promise<void> {
  if (!key.value) return;
  try {
    await authenticate(key.value);
  } catch (error) {
    if (error instanceof ApiFailure && error.isOutage) setTimeout(() => void resume(), 2000);
    else if (!loggedOutBecause.value) logOut(error instanceof Error ? error.message : '');
  }
}

/** The call as a command line. The key stays in a variable of the shell. */
export async function curlOf(call: Call<unknown>): Promise<string> {
  let sent: Request | undefined;
  const recorder = createClient({
    baseUrl: location.origin,
    fetch: (request) => {
      sent = request as Request;
      return Promise.resolve(new Response('{}', { headers: { 'content-type': 'application/json' } }));
    },
  });
  await call(recorder);
  if (!sent) return '';
  const method = sent.method === 'GET' ? '' : ` -X ${sent.method}`;
  return `curl${method} -H "X-API-Key: $BERTH_KEY"${await bodyOf(sent)} ${quoted(sent.url)}`;
}

async function bodyOf(request: Request): Promise<string> {
  const type = request.headers.get('content-type') ?? '';
  if (request.method === 'GET' || !type) return '';
  const content = type.includes('json') ? `-d ${quoted(await request.text())}` : '--data-binary @folder.tar';
  return ` -H 'Content-Type: ${type}' \\\n  ${content} \\\n `;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
