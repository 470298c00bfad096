import { render } from 'preact';
import './style.css';

render(<h1>Berth</h1>, document.getElementById('app') ?? document.body);
