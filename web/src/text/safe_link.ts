/** The address that a link may have: absolute http or https without credentials; else null. */
export function safeLink(url: string | null | undefined): string | null {
  if (!url || !/^https?:\/\//i.test(url)) return null;
  try {
    const parsed = new URL(url);
    if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return null;
    return parsed.username || parsed.password ? null : parsed.href;
  } catch {
    return null;
  }
}
