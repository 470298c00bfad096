/** The generated client names it as browsers do; Node's types have it under another name only. */
type BodyInit = import('undici-types').BodyInit;
