import { useSignal } from '@preact/signals';
import { ApiFailure, authenticate } from './api.js';
import { Field, Problem } from './parts.js';
import { loggedOutBecause } from './session.js';

export function Login() {
  const key = useSignal('');
  const failure = useSignal<ApiFailure | undefined>(undefined);
  const enter = (event: Event): void => {
    event.preventDefault();
    failure.value = undefined;
    authenticate(key.value.trim()).catch((error: unknown) => {
      if (error instanceof ApiFailure) failure.value = error;
    });
  };
  return (
    <main class="login">
      <h1>Berth</h1>
      {loggedOutBecause.value && <p role="alert">{loggedOutBecause}</p>}
      <form onSubmit={enter}>
        <Field
          label="API key"
          isSecret
          required
          hint="It stays in this tab only. Get one from the Telegram bot, or on the server with script/key create."
          of={key}
        />
        <button class="primary">Log in</button>
        <Problem failure={failure.value} />
      </form>
      <p class="note">
        Whatever this page does, curl does: see the <a href="/api/docs">API</a>.
      </p>
    </main>
  );
}
