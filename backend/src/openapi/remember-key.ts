/**
 * Script of the page of Swagger UI: remembers the key of "Authorize" in the session of the tab, under the name that the
 * dashboard uses, so that either knows the key of the other. Swagger UI itself could only store it for good.
 */
export const REMEMBER_KEY_JS = `addEventListener('load', () => {
  localStorage.removeItem('authorized'); // where earlier versions stored the key
  const { ui } = window;
  const keyNow = () => ui.authSelectors.authorized()?.getIn(['api-key', 'value']);
  const stored = sessionStorage.getItem('berth.key');
  if (stored) ui.preauthorizeApiKey('api-key', stored);
  let known = keyNow();
  ui.getStore().subscribe(() => {
    const key = keyNow();
    if (key === known) return;
    known = key;
    if (key) sessionStorage.setItem('berth.key', key);
    else sessionStorage.removeItem('berth.key');
  });
});
`;
