import axe from 'axe-core';
import { expect } from 'vitest';
import type { Browser, Locator, Page } from 'playwright-core';
import { eventually } from '../testbed/eventually.js';
import { visitor, type Visitor } from './browser.js';

const SHOWN_MS = 20_000;
const DEPLOYED_MS = 180_000;

export interface Look {
  width?: number;
  scheme?: 'light' | 'dark';
}

/** The dashboard in a browser, found and used by the roles and labels that people have. */
export class Dashboard {
  private constructor(
    private readonly visit: Visitor,
    private readonly baseUrl: string,
  ) {}

  static async open(browser: Browser, baseUrl: string, look: Look = {}): Promise<Dashboard> {
    const visit = await visitor(browser, { width: 1440, ...look });
    // Chromium does not report each violation of the policy in its console.
    await visit.page.addInitScript(
      `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error('policy', violatedDirective, blockedURI))`,
    );
    await visit.page.goto(`${baseUrl}/dashboard`);
    await visit.page.evaluate('window.marker = "kept"');
    return new Dashboard(visit, baseUrl);
  }

  get page(): Page {
    return this.visit.page;
  }

  /** What the browser has complained of; a status that a test brings about is no complaint. */
  complaintsBut(status = 0): string[] {
    return this.visit.complaints.filter((text) => !text.includes(`status of ${status}`));
  }

  get foreignRequests(): string[] {
    return this.visit.requests.filter((address) => !address.startsWith(this.baseUrl));
  }

  close(): Promise<void> {
    return this.visit.close();
  }

  async logIn(key: string): Promise<void> {
    await this.fill('API key', key);
    await this.click('Log in');
    await this.heading('Environments');
  }

  /** Follows the address of a screen, as a link does. */
  async show(path: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(`#/${path}`)}`);
  }

  /** Waits until nothing on the screen is being loaded. */
  async loaded(text: string): Promise<void> {
    await this.sees(text);
    await eventually(async () => expect(await this.text()).not.toMatch(/Loading …|Connecting/), SHOWN_MS);
  }

  text(): Promise<string> {
    return this.page.innerText('body');
  }

  async heading(text: string, withinMs = SHOWN_MS): Promise<void> {
    await this.page.getByRole('heading', { level: 1 }).filter({ hasText: text }).waitFor({ timeout: withinMs });
  }

  /** Waits until the deployment or the environment of the screen has the status. */
  status(status: string): Promise<void> {
    return this.heading(status, DEPLOYED_MS);
  }

  async sees(text: string | RegExp, withinMs = SHOWN_MS): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: withinMs });
  }

  async seesNoMore(text: string | RegExp, withinMs = SHOWN_MS): Promise<void> {
    await this.page.getByText(text).first().waitFor({ state: 'detached', timeout: withinMs });
  }

  section(title: string): Locator {
    return this.page.getByRole('region', { name: title });
  }

  async fill(label: string, text: string): Promise<void> {
    const fields = this.page.locator('input:not([type=radio]), textarea');
    await this.page.getByLabel(label, { exact: true }).and(fields).fill(text, { timeout: SHOWN_MS });
  }

  /** What the browser says about fields that it does not accept. */
  mistakes(): Promise<string[]> {
    return this.page.evaluate(
      `[...document.querySelectorAll('input:invalid, textarea:invalid')].map(({ validationMessage }) => validationMessage)`,
    );
  }

  async click(name: string, role: 'button' | 'link' = 'button'): Promise<void> {
    await this.page.getByRole(role, { name, exact: true }).first().click({ timeout: DEPLOYED_MS });
  }

  /** Presses Tab until the control with this name has the focus, then Enter. */
  async enterByKeyboard(name: string): Promise<void> {
    for (let presses = 0; presses < 100; presses++) {
      await this.page.keyboard.press('Tab');
      const focused = await this.page.evaluate('document.activeElement.innerText');
      if (focused !== name) continue;
      await this.page.keyboard.press('Enter');
      return;
    }
    throw new Error(`Tab does not reach ${name}`);
  }

  /** What axe-core finds, each as a line. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate<axe.AxeResults>(
      `axe.run(document, { resultTypes: ['violations'] })`,
    );
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  }

  /** Whether the page is the one that was opened. */
  async isSamePage(): Promise<boolean> {
    return (await this.page.evaluate('window.marker')) === 'kept';
  }

  /** Looked at by people: BERTH_SCREENSHOTS names a folder. */
  async picture(name: string): Promise<void> {
    const folder = process.env['BERTH_SCREENSHOTS'];
    if (folder) await this.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  }

  /** The longest frame in milliseconds while the element is scrolled from its top to its bottom. */
  longestFrame(selector: string): Promise<number> {
    return this.page.evaluate<number>(`(async () => {
      const box = document.querySelector(${JSON.stringify(selector)});
      let longest = 0;
      let last = await new Promise(requestAnimationFrame);
      for (let step = 0; step <= 100; step++) {
        if (box) box.scrollTop = ((box.scrollHeight - box.clientHeight - 100) * step) / 100;
        const now = await new Promise(requestAnimationFrame);
        longest = Math.max(longest, now - last);
        last = now;
      }
      return longest;
    })()`);
  }

  /** Milliseconds of a processor that the page needs for scripts, styles and layout during the action. */
  async workDuring(action: () => Promise<void>): Promise<number> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const seconds = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics');
      return metrics
        .filter(({ name }) => ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'].includes(name))
        .reduce((sum, { value }) => sum + value, 0);
    };
    const before = await seconds();
    await action();
    return ((await seconds()) - before) * 1000;
  }
}
