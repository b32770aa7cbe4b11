/** Rows as CSV (RFC 4180). */

export type Cell = string | number | undefined | null;

/**
 * A cell that begins like a formula gets an apostrophe: names in it come from people and from files, and a spreadsheet
 * would run them. Numbers are left alone.
 */
export function cell(value: Cell): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(header: string[], rows: Cell[][]): string {
  return [header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}
