/** An access line by its keys. Of the text formats only what can be compared. */
export type Line = Readonly<Record<string, unknown>>;

export function isJson(text: string): boolean {
  return text.startsWith('{');
}

export function lineOf(text: string): Line {
  if (isJson(text)) return JSON.parse(text) as Line; // an object: its first character says so
  const [, code, cluster] = /^\[[^\]]*\] "[^"]*" (\d+) .* "[^"]*" (\S+)(?: \S+){4,5}$/.exec(text) ?? [];
  if (code === undefined) throw new Error(`not an access line: ${text}`);
  return { response_code: Number(code), upstream_cluster: cluster };
}
