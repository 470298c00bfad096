import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { getHealth, type Health } from '../../typescript/src/index.js';
import { apiClient, outage } from './api.js';
import { href, route } from './route.js';
import { isAdmin, logOut, me } from './session.js';
import { visibleAll } from './text.js';

const HEALTH_INTERVAL_MS = 10_000;

/** The parts of the API as it reported them last; undefined while it does not answer. */
export const health = signal<[string, Health['details'][string]][] | undefined>(undefined);

/** What every screen has around it. */
export function Shell({ children }: { children: ComponentChildren }) {
  const screens = ['environments', 'keys', ...(isAdmin.value ? ['audit', 'system'] : [])];
  const current = ['', 'environments', 'deployments', 'deploy'].includes(route.value[0] ?? '')
    ? 'environments'
    : route.value[0];
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={href('environments')}>
          Berth
        </a>
        <nav aria-label="Screens">
          {screens.map((path) => (
            <a key={path} class="screen" href={href(path)} {...(path === current && { 'aria-current': 'page' })}>
              {path}
            </a>
          ))}
          <a href="/api/docs">API</a>
        </nav>
        <span class="note">{me.value?.user.telegramHandle ?? me.value?.key.name ?? me.value?.key.keyId}</span>
        <button type="button" class="quiet" onClick={() => logOut()}>
          Log out
        </button>
      </header>
      <Outage />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** The address holds the screen, so that the link must not change it. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Outage() {
  useEffect(() => {
    const check = async (): Promise<void> => {
      // While a part is down, the status is 503 and the body is the same.
      const answer = await getHealth({ client: apiClient }).catch(() => undefined);
      const read = answer?.data ?? answer?.error;
      health.value = read && 'details' in read ? Object.entries(visibleAll(read.details)) : undefined;
    };
    void check();
    const timer = setInterval(() => void check(), HEALTH_INTERVAL_MS);
    return () => clearInterval(timer);
  }, [outage.value]);
  const down = (health.value ?? []).filter(([, { status }]) => status === 'down');
  const texts = down.map(([name, { message }]) => `${name} is down${message ? `: ${message}` : ''}.`);
  if (outage.value) texts.unshift(`${outage.value.message} ${outage.value.problem.hint ?? ''} This page tries again.`);
  return (
    <div role="status" class={texts.length > 0 ? 'outage' : ''}>
      {texts.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  );
}
