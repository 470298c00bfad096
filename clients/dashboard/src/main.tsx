import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { resume } from './api.js';
import { Audit } from './audit.js';
import { DeploymentScreen } from './deployment.js';
import { Deploy } from './deploy.js';
import { EnvironmentScreen } from './environment.js';
import { Environments } from './environments.js';
import { Keys } from './keys.js';
import { Login } from './login.js';
import { Heading } from './parts.js';
import { href, route } from './route.js';
import { key, me } from './session.js';
import { Shell } from './shell.js';
import { System } from './system.js';
import './style.css';

function App() {
  useEffect(() => void resume(), []);
  if (!key.value) return <Login />;
  if (!me.value) return <p class="login">Connecting to the API …</p>;
  return (
    <Shell>
      <Screen />
    </Shell>
  );
}

function Screen() {
  const [screen, id = ''] = route.value;
  switch (screen) {
    case '':
    case 'environments':
      return id ? <EnvironmentScreen key={id} id={id} /> : <Environments />;
    case 'deploy':
      return <Deploy key={id} environmentId={id} />;
    case 'deployments':
      return <DeploymentScreen key={id} id={id} />;
    case 'keys':
      return <Keys />;
    case 'audit':
      return <Audit />;
    case 'system':
      return <System />;
    default:
      return (
        <>
          <Heading text="Not found" />
          <p>
            There is no such screen. <a href={href('environments')}>Show the environments.</a>
          </p>
        </>
      );
  }
}

render(<App />, document.getElementById('app') ?? document.body);
