import { type Browser, chromium, type Page } from 'playwright-core';

/** Chromium as Debian has it, without a window. It runs as root here, where its own sandbox does not. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

export interface Visitor {
  page: Page;
  /** every address that the page has asked for */
  requests: string[];
  /** what the browser has complained of */
  complaints: string[];
  close: () => Promise<void>;
}

/** A phone by default; nothing is remembered of earlier visits. */
export async function visitor(
  browser: Browser,
  {
    width = 360,
    scheme = 'light',
    scripts = true,
  }: { width?: number; scheme?: 'light' | 'dark'; scripts?: boolean } = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: { width, height: 640 },
    colorScheme: scheme,
    javaScriptEnabled: scripts,
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, requests, complaints, close: () => context.close() };
}
