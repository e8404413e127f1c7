/** A configuration as rows: `{"batch":{"sequences":16}}` → `["batch.sequences", "16"]`. */
export function rowsOf(configuration: Record<string, unknown>, within = ''): [string, string][] {
  return Object.entries(configuration).flatMap(([name, value]): [string, string][] => {
    const path = within === '' ? name : `${within}.${name}`;
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return rowsOf(value as Record<string, unknown>, path);
    return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
}
