/** A rule as iptables-save prints it, without its counters: `text` is the whole line, `-A CHAIN …`. */
type SavedRule = { readonly chain: string; readonly text: string };

export type SavedTable = {
  readonly name: string;
  readonly chains: readonly string[];
  readonly rules: readonly SavedRule[];
};

/**
 * `unreadable` names tables that hold rules which the tool cannot print (native nft rules in `table ip nat`): their
 * content is unknown, not empty, although iptables-nft-save ends with status 0.
 */
export type SavedTables = { readonly tables: readonly SavedTable[]; readonly unreadable: readonly string[] };

/** Total: a line that is not understood is passed over, as the tools' own comments are. */
export function parseSaved(text: string): SavedTables {
  const tables: { name: string; chains: string[]; rules: SavedRule[] }[] = [];
  const unreadable: string[] = [];
  for (const line of text.split('\n')) {
    const table = tables.at(-1);
    const incompatible = /^# Table `([^']+)' is incompatible/.exec(line)?.[1];
    const rule = /^(?:\[\d+:\d+\] )?(-A (\S+).*)$/.exec(line);
    const chain = /^:(\S+) /.exec(line)?.[1];
    if (incompatible !== undefined) unreadable.push(incompatible);
    else if (line.startsWith('*')) tables.push({ name: line.slice(1).trim(), chains: [], rules: [] });
    else if (table && chain !== undefined) table.chains.push(chain);
    else if (table && rule?.[1] !== undefined && rule[2] !== undefined) {
      table.rules.push({ chain: rule[2], text: rule[1].trimEnd() });
    }
  }
  return { tables, unreadable };
}

/** The table of that name, or an empty one: the tools do not print a table that was never used. */
export function tableOf(saved: SavedTables, name: string): SavedTable {
  return saved.tables.find((table) => table.name === name) ?? { name, chains: [], rules: [] };
}
